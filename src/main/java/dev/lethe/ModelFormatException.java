package dev.lethe;

/** A model file is damaged, or holds something that Lethe does not run. */
public final class ModelFormatException extends LetheException {
  private static final long serialVersionUID = 1L;

  /**
   * With nothing underneath.
   *
   * @param message what is wrong, where (file, node), and what would be right
   */
  public ModelFormatException(String message) {
    super(oneLine(message));
  }

  /**
   * With what it came from.
   *
   * @param message what is wrong, where (file, node), and what would be right
   * @param cause the failure underneath
   */
  public ModelFormatException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }
}
