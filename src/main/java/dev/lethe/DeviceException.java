package dev.lethe;

/** A device is missing, or failed while compiling, allocating or running. */
public final class DeviceException extends LetheException {
  private static final long serialVersionUID = 1L;

  /** Whether less work at a time may succeed. */
  private final boolean outOfMemory;

  /**
   * With nothing underneath.
   *
   * @param message which device, what failed, and what would help
   */
  public DeviceException(String message) {
    this(message, false);
  }

  /**
   * With what it came from.
   *
   * @param message which device, what failed, and what would help
   * @param cause the failure underneath
   */
  public DeviceException(String message, Throwable cause) {
    super(message, cause);
    this.outOfMemory = false;
  }

  private DeviceException(String message, boolean outOfMemory) {
    super(message);
    this.outOfMemory = outOfMemory;
  }

  /**
   * A device that has no room; a smaller batch may have.
   *
   * @param message which device, for what there is no room, and what would help
   * @return to be thrown
   */
  public static DeviceException outOfMemory(String message) {
    return new DeviceException(message, true);
  }

  /** {@return whether the device had no room, so that a smaller batch may succeed} */
  public boolean isOutOfMemory() {
    return outOfMemory;
  }
}
