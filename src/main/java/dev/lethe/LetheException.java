package dev.lethe;

/**
 * What went wrong, where, and what would be right: the root of every exception that Lethe throws on
 * purpose.
 */
public abstract sealed class LetheException extends RuntimeException
    permits ModelFormatException, InputException, DeviceException {
  private static final long serialVersionUID = 1L;

  LetheException(String message) {
    super(message);
  }

  LetheException(String message, Throwable cause) {
    super(message, cause);
  }

  /** One line, never missing. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
