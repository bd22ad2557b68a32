package dev.lethe.backend.opencl;

import dev.lethe.Precision;

/**
 * Host side of begin_matrix.cl: h of one direction in the words that kernels on matrix units read,
 * once for even and once for odd steps.
 */
final class RoundedHidden implements AutoCloseable {
  private final Kernel kernel;
  private final String name;
  private final int words;
  private final int numbers;
  private int padded;

  /**
   * @param direction whose memory it is
   * @param words of a sequence
   */
  RoundedHidden(Programs programs, OpenClPlan plan, int direction, int words) {
    Precision precision = plan.precision();
    this.kernel = programs.kernel("begin_matrix.cl", "begin_matrix", plan.options().beginMatrix());
    this.name = "rounded h " + direction;
    this.words = words;
    this.numbers = words * MatrixWeights.values(precision);
    kernel.set(3, numbers);
  }

  /**
   * Makes room.
   *
   * @param paddedSequences to whole tiles
   * @param h [B][H] that the first step begins with
   */
  void bind(int hidden, int sequences, int paddedSequences, Buffer h, Values values) {
    padded = paddedSequences;
    kernel.set(0, hidden).set(1, sequences).set(2, padded);
    kernel.set(4, h).set(5, even(values)).set(6, odd(values));
  }

  /** What even steps read and odd ones write. */
  Buffer even(Values values) {
    return values.scratch(name, (long) padded * words * Integer.BYTES);
  }

  /** What odd steps read and even ones write. */
  Buffer odd(Values values) {
    return values.scratch("other " + name, (long) padded * words * Integer.BYTES);
  }

  /** Starts the filling. */
  void enqueue() {
    kernel.launch(numbers, padded, 32, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
