package dev.lethe;

/**
 * What went wrong, where, and what would be right: the root of every exception that Lethe throws on
 * purpose.
 */
public abstract sealed class LetheException extends RuntimeException
    permits ModelFormatException, InputException, DeviceException {
  private static final long serialVersionUID = 1L;
  private static final int LONGEST = 2000;

  LetheException(String message) {
    super(message);
  }

  LetheException(String message, Throwable cause) {
    super(message, cause);
  }

  /**
   * Names from a file may hold anything, and be of any length: what a message quotes is not to
   * break its line, nor to bury it.
   */
  static String oneLine(String message) {
    String line = message.length() > LONGEST ? message.substring(0, LONGEST) + "..." : message;
    return line.replaceAll("\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?");
  }

  /** One line, never missing. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
