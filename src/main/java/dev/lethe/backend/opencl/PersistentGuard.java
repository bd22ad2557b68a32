package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import java.nio.ByteBuffer;

/**
 * Knows whether work-groups that wait for each other have met so far. OpenCL does not promise that
 * the groups of a launch run at once; one that waits in vain says so on the device, and from then
 * on the session does without. Owns the device's word.
 */
final class PersistentGuard implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("dev.lethe");
  private final Context context;
  private final Buffer flag;
  private final ByteBuffer host;
  private final ByteBuffer zero = Tensor.of(new int[1], 1).bytes();
  private boolean used;
  private boolean usable = true;

  PersistentGuard(Context context) {
    this.context = context;
    Tensor word = Tensor.of(new int[1], 1);
    this.host = word.bytes();
    this.flag = context.allocate("word of failure", Integer.BYTES);
    context.write(flag, zero.duplicate());
  }

  /** Whether kernels whose groups wait for each other may be launched. */
  boolean usable() {
    return usable;
  }

  /** One has been launched. */
  void launched() {
    used = true;
  }

  /** An int, not 0 once a group has waited in vain. */
  Buffer flag() {
    return flag;
  }

  /**
   * Whether a run, which is waited for, came to nothing because groups did not meet. It is then to
   * be done again; {@link #usable} will be false.
   */
  boolean failed() {
    if (!used) {
      return false;
    }
    used = false;
    context.read(flag, host.clear());
    if (host.getInt(0) == 0) {
      return false;
    }
    usable = false;
    LOG.log(
        System.Logger.Level.WARNING,
        "device "
            + context.label()
            + ": work-groups waited for each other in vain; this session goes on with a launch for"
            + " each step");
    return true;
  }

  @Override
  public void close() {
    flag.close();
  }
}
