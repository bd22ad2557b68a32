package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_context;
import org.jocl.cl_context_properties;
import org.jocl.cl_device_id;
import org.jspecify.annotations.Nullable;

/**
 * A context and its in-order queue on one device. Owns both, and in the end every buffer and kernel
 * made through it that is not closed yet, so that an opening that fails halfway leaves nothing
 * behind.
 */
final class Context implements AutoCloseable {
  /** Set in tests: new memory holds NaN, so that a kernel that reads what nobody wrote is found. */
  private static final boolean POISON = Boolean.getBoolean("lethe.poison");

  private static final Pointer ZERO = Pointer.to(new float[1]);
  private final DeviceFacts facts;
  private final String label;
  private final cl_device_id device;
  private final cl_context context;
  private final cl_command_queue queue;
  // there since the driver may compile, until the next wait
  private @Nullable SignalHandlers kept;
  private long launches;
  private final int zoneBytes;
  private final Map<AutoCloseable, Handles.Kind> owned = new IdentityHashMap<>();

  private Context(
      Discovery.Found found, cl_context context, cl_command_queue queue, int zoneBytes) {
    this.facts = found.facts();
    this.label = found.label();
    this.device = found.id();
    this.context = context;
    this.queue = queue;
    this.zoneBytes = zoneBytes;
  }

  /** Opens a device; until the first {@link #finish} its driver may compile. */
  static Context open(Discovery.Found found) {
    SignalHandlers kept = SignalHandlers.keep();
    try {
      Context context = create(found);
      context.mayCompile();
      return context;
    } finally {
      kept.close();
    }
  }

  private static Context create(Discovery.Found found) {
    int zoneBytes = GuardZones.zoneBytes(found);
    cl_context_properties properties = new cl_context_properties();
    properties.addProperty(CL.CL_CONTEXT_PLATFORM, found.platform());
    int[] code = new int[1];
    cl_context context =
        CL.clCreateContext(properties, 1, new cl_device_id[] {found.id()}, null, null, code);
    ClError.check(code[0], found.label(), "creating a context");
    // the OpenCL 1.x call, which every version has
    @SuppressWarnings("deprecation")
    cl_command_queue queue = CL.clCreateCommandQueue(context, found.id(), 0, code);
    if (code[0] != CL.CL_SUCCESS) {
      CL.clReleaseContext(context);
      ClError.check(code[0], found.label(), "creating a queue");
    }
    Handles.opened(Handles.Kind.CONTEXT);
    Handles.opened(Handles.Kind.QUEUE);
    return new Context(found, context, queue, zoneBytes);
  }

  DeviceFacts facts() {
    return facts;
  }

  /** The device's id and name, for messages. */
  String label() {
    return label;
  }

  /**
   * @param code what an OpenCL function answered
   * @param what was being done, for the message
   * @throws DeviceException unless the code means success
   */
  void check(int code, String what) {
    ClError.check(code, label, what);
  }

  cl_device_id device() {
    return device;
  }

  cl_context handle() {
    return context;
  }

  cl_command_queue queue() {
    return queue;
  }

  /** Bytes of the guard zones on each side of a buffer; 0 without. */
  int zoneBytes() {
    return zoneBytes;
  }

  /** A buffer on the device, contents undefined. */
  Buffer allocate(String what, long bytes) {
    if (bytes > facts.allocationBytes()) {
      throw DeviceException.outOfMemory(
          "device "
              + label
              + ": "
              + what
              + " needs "
              + bytes
              + " bytes, one buffer may have "
              + facts.allocationBytes()
              + "; run a smaller batch, or take another device");
    }
    Buffer buffer = Buffer.allocate(this, what, Math.max(bytes, Float.BYTES));
    if (POISON) {
      float[] nan = new float[(int) (buffer.bytes() / Float.BYTES)];
      Arrays.fill(nan, Float.NaN);
      return filled(buffer, Tensor.of(nan, nan.length).bytes());
    }
    return buffer;
  }

  /** A buffer on the device holding {@code values}. */
  Buffer upload(String what, float[] values) {
    Buffer buffer = allocate(what, (long) values.length * Float.BYTES);
    return values.length > 0 ? filled(buffer, Tensor.of(values, values.length).bytes()) : buffer;
  }

  /** A buffer on the device holding {@code values}. */
  Buffer upload(String what, int[] values) {
    Buffer buffer = allocate(what, (long) values.length * Integer.BYTES);
    return values.length > 0 ? filled(buffer, Tensor.of(values, values.length).bytes()) : buffer;
  }

  /** The buffer, which nobody else knows yet, with contents. */
  private Buffer filled(Buffer buffer, ByteBuffer contents) {
    try {
      write(buffer, contents);
      return buffer;
    } catch (RuntimeException | Error e) {
      buffer.close();
      throw e;
    }
  }

  /**
   * Copies to the device and waits for it; {@code source} is direct.
   *
   * <p>Transfers block: for one that does not, JOCL starts a thread that waits for it beside ours,
   * which rusticl 22.3 and Oclgrind 21.10 do not survive. With direct buffers the wait does not
   * hold up the garbage collector.
   */
  void write(Buffer target, ByteBuffer source) {
    write(target, 0, source);
  }

  /** Copies to the device as {@link #write(Buffer, ByteBuffer)} does, from a byte on. */
  void write(Buffer target, long offset, ByteBuffer source) {
    int code =
        CL.clEnqueueWriteBuffer(
            queue,
            target.handle(),
            true,
            offset,
            source.remaining(),
            Pointer.to(source),
            0,
            null,
            null);
    check(code, "uploading " + target.what());
  }

  /** Copies bytes of a buffer to others of it; the two must not overlap. */
  void copy(Buffer buffer, long from, long to, long bytes) {
    int code =
        CL.clEnqueueCopyBuffer(
            queue, buffer.handle(), buffer.handle(), from, to, bytes, 0, null, null);
    check(code, "copying within " + buffer.what());
  }

  /** Copies from the device once everything enqueued before is done; {@code target} is direct. */
  void read(Buffer source, ByteBuffer target) {
    read(source, 0, target);
  }

  /** Copies from the device as {@link #read(Buffer, ByteBuffer)} does, from a byte on. */
  void read(Buffer source, long offset, ByteBuffer target) {
    int code =
        CL.clEnqueueReadBuffer(
            queue,
            source.handle(),
            true,
            offset,
            target.remaining(),
            Pointer.to(target),
            0,
            null,
            null);
    check(code, "downloading " + source.what());
  }

  /** Fills the first bytes with zeros. */
  void clear(Buffer buffer, long bytes) {
    int code =
        CL.clEnqueueFillBuffer(queue, buffer.handle(), ZERO, Float.BYTES, 0, bytes, 0, null, null);
    check(code, "clearing " + buffer.what());
  }

  /** Waits until everything enqueued is done. */
  void finish() {
    int code = CL.clFinish(queue);
    compiled();
    check(code, "waiting for what was started");
  }

  /** The driver compiles, or may do so at its leisure until all that is enqueued is done. */
  void mayCompile() {
    if (kept == null) {
      kept = SignalHandlers.keep();
    }
  }

  private void compiled() {
    if (kept != null) {
      kept.close();
      kept = null;
    }
  }

  /** A kernel has been started. */
  void launched() {
    launches++;
  }

  /** How many kernels have been started. */
  long launches() {
    return launches;
  }

  /** {@code made} is closed with this context, unless it is {@link #released} before. */
  void own(AutoCloseable made, Handles.Kind kind) {
    owned.put(made, kind);
    Handles.opened(kind);
  }

  /** Whether {@code made} was still this context's; from now on it is nobody's. */
  boolean released(AutoCloseable made) {
    Handles.Kind kind = owned.remove(made);
    if (kind == null) {
      return false;
    }
    Handles.closed(kind);
    return true;
  }

  @Override
  public void close() {
    List<Exception> failures = new ArrayList<>();
    for (AutoCloseable made : List.copyOf(owned.keySet())) {
      try {
        made.close();
      } catch (Exception e) {
        failures.add(e);
      }
    }
    CL.clReleaseCommandQueue(queue);
    CL.clReleaseContext(context);
    compiled();
    Handles.closed(Handles.Kind.QUEUE);
    Handles.closed(Handles.Kind.CONTEXT);
    if (!failures.isEmpty()) {
      throw new IllegalStateException(failures.get(0).getMessage(), failures.get(0));
    }
  }
}
