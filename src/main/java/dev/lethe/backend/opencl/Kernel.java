package dev.lethe.backend.opencl;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;

/** One kernel with its arguments. Owns it. Setting arguments and launching allocate nothing. */
final class Kernel implements AutoCloseable {
  private final Context context;
  private final String name;
  private final String options;
  private final cl_kernel handle;
  private final ByteBuffer number =
      ByteBuffer.allocateDirect(Integer.BYTES).order(ByteOrder.nativeOrder());
  private final Pointer numberArgument = Pointer.to(number);
  private final long[] global = {0, 0, 1};
  private final long[] local = {0, 0, 1};

  /** {@code options}: those that it was compiled with. */
  Kernel(Context context, String name, String options, cl_kernel handle) {
    this.context = context;
    this.name = name;
    this.options = options;
    this.handle = handle;
    context.own(this, Handles.Kind.KERNEL);
  }

  /** Sets an int argument. */
  Kernel set(int index, int value) {
    number.putInt(0, value);
    return checked(CL.clSetKernelArg(handle, index, Sizeof.cl_int, numberArgument), index);
  }

  /** Sets a float argument. */
  Kernel set(int index, float value) {
    return set(index, Float.floatToRawIntBits(value));
  }

  /** Sets a pointer argument. */
  Kernel set(int index, Buffer value) {
    return checked(CL.clSetKernelArg(handle, index, Sizeof.cl_mem, value.argument()), index);
  }

  /** Sets a pointer argument to local memory. */
  Kernel setLocal(int index, long bytes) {
    // no pointer: local memory has a size and no contents
    return checked(CL.clSetKernelArg(handle, index, bytes, null), index);
  }

  // a run makes no text for what goes well
  private Kernel checked(int code, int index) {
    if (code != CL.CL_SUCCESS) {
      context.check(code, "setting argument " + index + " of " + name);
    }
    return this;
  }

  /**
   * Starts it.
   *
   * @param x work-items along axis 0; rounded up to whole groups
   * @param y along axis 1, likewise
   * @param groupX work-items of a group along axis 0
   * @param groupY along axis 1
   */
  void launch(long x, long y, int groupX, int groupY) {
    launch(x, y, 1, groupX, groupY);
  }

  /** Like {@link #launch(long, long, int, int)}, {@code z} times along axis 2. */
  void launch(long x, long y, int z, int groupX, int groupY) {
    long wholeX = (x + groupX - 1) / groupX * groupX;
    long wholeY = (y + groupY - 1) / groupY * groupY;
    boolean same = local[0] == groupX && local[1] == groupY;
    if (!same || global[0] != wholeX || global[1] != wholeY || global[2] != z) {
      if (context.facts().cpu()) {
        // PoCL compiles a kernel again for sizes that are new to it
        context.mayCompile();
      }
      LaunchLog.launched(name, options);
    }
    local[0] = groupX;
    local[1] = groupY;
    global[0] = wholeX;
    global[1] = wholeY;
    global[2] = z;
    int code =
        CL.clEnqueueNDRangeKernel(context.queue(), handle, 3, null, global, local, 0, null, null);
    if (code != CL.CL_SUCCESS) {
      context.check(code, "starting " + name);
    }
    context.launched();
  }

  @Override
  public void close() {
    if (context.released(this)) {
      CL.clReleaseKernel(handle);
    }
  }
}
