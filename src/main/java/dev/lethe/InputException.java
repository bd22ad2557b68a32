package dev.lethe;

/**
 * Data, an option or a file handed in by the caller does not fit: wrong name, type, shape, length
 * or value.
 */
public final class InputException extends LetheException {
  private static final long serialVersionUID = 1L;

  /**
   * With nothing underneath.
   *
   * @param message what is wrong, where, and what would be right
   */
  public InputException(String message) {
    super(oneLine(message));
  }

  /**
   * With what it came from.
   *
   * @param message what is wrong, where, and what would be right
   * @param cause the failure underneath
   */
  public InputException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }
}
