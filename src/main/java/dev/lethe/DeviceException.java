package dev.lethe;

/** A device is missing, or failed while compiling, allocating or running. */
public final class DeviceException extends LetheException {
  private static final long serialVersionUID = 1L;

  /**
   * With nothing underneath.
   *
   * @param message which device, what failed, and what would help
   */
  public DeviceException(String message) {
    super(message);
  }

  /**
   * With what it came from.
   *
   * @param message which device, what failed, and what would help
   * @param cause the failure underneath
   */
  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }
}
