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
  private final GuardZones zones;
  private final Pointer argument;

  private Buffer(Context context, String what, long bytes, cl_mem handle, GuardZones zones) {
    this.context = context;
    this.what = what;
    this.bytes = bytes;
    this.handle = handle;
    this.zones = zones;
    this.argument = Pointer.to(handle);
  }

  static Buffer allocate(Context context, String what, long bytes) {
    int[] code = new int[1];
    int zone = context.zoneBytes();
    boolean guarded = zone > 0 && bytes + 2L * zone <= context.facts().allocationBytes();
    cl_mem handle = create(context, guarded ? bytes + 2L * zone : bytes, code);
    GuardZones zones = GuardZones.NONE;
    if (guarded && code[0] == CL.CL_SUCCESS) {
      zones = GuardZones.around(context, handle, bytes);
      handle = zones.inside(code);
      if (code[0] != CL.CL_SUCCESS) {
        zones.close(context, what);
      }
    }
    context.check(code[0], "making room for " + what + " (" + bytes + " bytes)");
    Buffer buffer = new Buffer(context, what, bytes, handle, zones);
    context.own(buffer, Handles.Kind.BUFFER);
    return buffer;
  }

  private static cl_mem create(Context context, long bytes, int[] code) {
    return CL.clCreateBuffer(context.handle(), CL.CL_MEM_READ_WRITE, bytes, null, code);
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
    if (context.released(this)) {
      CL.clReleaseMemObject(handle);
      zones.close(context, what);
    }
  }
}
