package dev.lethe.backend.opencl;

import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_mem;

/** Memory on a device. Owns it. */
final class Buffer implements AutoCloseable {
  private final Context context;
  private final String what;
  private final long bytes;
  private final cl_mem handle;
  private final Pointer argument;

  private Buffer(Context context, String what, long bytes, cl_mem handle) {
    this.context = context;
    this.what = what;
    this.bytes = bytes;
    this.handle = handle;
    this.argument = Pointer.to(handle);
  }

  static Buffer allocate(Context context, String what, long bytes) {
    int[] code = new int[1];
    cl_mem handle = CL.clCreateBuffer(context.handle(), CL.CL_MEM_READ_WRITE, bytes, null, code);
    context.check(code[0], "making room for " + what + " (" + bytes + " bytes)");
    Buffer buffer = new Buffer(context, what, bytes, handle);
    context.own(buffer);
    return buffer;
  }

  String what() {
    return what;
  }

  long bytes() {
    return bytes;
  }

  cl_mem handle() {
    return handle;
  }

  /** What a kernel's argument points to. */
  Pointer argument() {
    return argument;
  }

  @Override
  public void close() {
    CL.clReleaseMemObject(handle);
    context.released(this);
  }
}
