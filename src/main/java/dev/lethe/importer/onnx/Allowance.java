package dev.lethe.importer.onnx;

/**
 * How many elements of constants may be made, copied and handed to stages while a file is imported.
 * A few nodes that each join a constant with itself would otherwise fill any memory.
 */
final class Allowance {
  private static final long LEAST = 1 << 22;

  /** Exporters move weights about, and each attempt does so again. */
  private static final long TIMES = 64;

  private long left;

  /**
   * @param held elements in the file's own constants
   */
  Allowance(long held) {
    this.left = LEAST + TIMES * held;
  }

  /** To be called before the elements are made. */
  void spend(long elements) {
    left -= Math.min(elements, left + 1);
    if (left < 0) {
      throw new IllegalArgumentException(
          "makes constants that are too large for what the file holds");
    }
  }
}
