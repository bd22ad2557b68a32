package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_buffer_region;
import org.jocl.cl_mem;

/**
 * In tests, memory before and after a buffer that holds a pattern, so that a kernel which writes
 * outside of the buffer is found when that is closed. The pattern is NaN as a float, half or
 * bfloat16, so that a kernel which reads there is found too, by its results.
 */
final class GuardZones {
  /** Set in tests. */
  private static final boolean WANTED = Boolean.getBoolean("lethe.guard");

  private static final byte PATTERN = (byte) 0xFF;
  private static final int LEAST_BYTES = 256;

  /** Around nothing. */
  static final GuardZones NONE = new GuardZones(new cl_mem(), 0, 0);

  private final cl_mem whole;
  private final int zone;
  private final long bytes;

  private GuardZones(cl_mem whole, int zone, long bytes) {
    this.whole = whole;
    this.zone = zone;
    this.bytes = bytes;
  }

  /**
   * Bytes on each side of a buffer on this device; 0 where there are to be none. Oclgrind reports
   * such accesses itself, and would not if there were memory.
   */
  static int zoneBytes(Discovery.Found found) {
    if (!WANTED || found.facts().platform().contains("Oclgrind")) {
      return 0;
    }
    int[] bits = new int[1];
    int code =
        CL.clGetDeviceInfo(
            found.id(), CL.CL_DEVICE_MEM_BASE_ADDR_ALIGN, Sizeof.cl_int, Pointer.to(bits), null);
    ClError.check(code, found.label(), "asking for the alignment of buffers");
    return Math.max(bits[0] / Byte.SIZE, LEAST_BYTES);
  }

  /** Around {@code bytes} in the middle of {@code whole}, which is released with them. */
  static GuardZones around(Context context, cl_mem whole, long bytes) {
    GuardZones zones = new GuardZones(whole, context.zoneBytes(), bytes);
    ByteBuffer pattern = zones.room();
    while (pattern.hasRemaining()) {
      pattern.put(PATTERN);
    }
    Pointer source = Pointer.to(pattern.flip());
    for (long offset : zones.offsets()) {
      int code =
          CL.clEnqueueWriteBuffer(
              context.queue(), whole, true, offset, zones.zone, source, 0, null, null);
      if (code != CL.CL_SUCCESS) {
        CL.clReleaseMemObject(whole);
        context.check(code, "uploading guard zones");
      }
    }
    return zones;
  }

  /** The part between the zones. */
  cl_mem inside(int[] code) {
    cl_buffer_region region = new cl_buffer_region(zone, bytes);
    return CL.clCreateSubBuffer(
        whole, CL.CL_MEM_READ_WRITE, CL.CL_BUFFER_CREATE_TYPE_REGION, region, code);
  }

  /**
   * Releases them.
   *
   * @throws IllegalStateException when somebody has written there
   */
  void close(Context context, String what) {
    if (zone == 0) {
      return;
    }
    ByteBuffer found = room();
    long written = 0;
    for (long offset : offsets()) {
      int code =
          CL.clEnqueueReadBuffer(
              context.queue(), whole, true, offset, zone, Pointer.to(found), 0, null, null);
      // a device that fails says so elsewhere
      for (int k = 0; code == CL.CL_SUCCESS && k < zone; k++) {
        written += found.get(k) == PATTERN ? 0 : 1;
      }
    }
    CL.clReleaseMemObject(whole);
    if (written > 0) {
      throw new IllegalStateException(
          "a kernel has written outside of " + what + ": " + written + " bytes around it");
    }
  }

  private ByteBuffer room() {
    return Tensor.allocate(Tensor.Type.FLOAT32, zone / Float.BYTES).bytes();
  }

  private long[] offsets() {
    return new long[] {0, zone + bytes};
  }
}
