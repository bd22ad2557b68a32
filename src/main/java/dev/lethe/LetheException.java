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

  /** Names from a file may hold anything, and what a message quotes is not to break its line. */
  static String oneLine(String message) {
    return message.replaceAll("\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?");
  }

  /** One line, never missing. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
