package dev.lethe.backend.opencl;

import dev.lethe.Precision;

/**
 * Host side of begin_matrix.cl: h of one direction in the words that kernels on matrix units read,
 * either its history or once for even and once for odd steps.
 */
final class RoundedHidden implements AutoCloseable {
  private final Kernel kernel;
  private final String name;
  private final int words;
  private final int numbers;
  private final boolean inHistory;
  private int padded;
  private History history = History.NONE;

  /**
   * @param direction whose memory it is
   * @param words of a sequence
   * @param inHistory whether each step has a slot of its own
   */
  RoundedHidden(Programs programs, OpenClPlan plan, int direction, int words, boolean inHistory) {
    Precision precision = plan.precision();
    this.kernel =
        programs.kernel("begin_matrix.cl", "begin_matrix", plan.options().beginMatrix(inHistory));
    this.inHistory = inHistory;
    this.name = "rounded h " + direction;
    this.words = words;
    this.numbers = words * MatrixWeights.values(precision);
    kernel.set(3, numbers);
  }

  /**
   * Makes room.
   *
   * @param paddedSequences to whole tiles
   * @param slots {@link History#NONE} for even and odd steps
   * @param h [B][H] that the first step begins with
   */
  void bind(
      int hidden, int sequences, int paddedSequences, History slots, Buffer h, Values values) {
    padded = paddedSequences;
    history = slots;
    kernel.set(0, hidden).set(1, sequences).set(2, padded);
    kernel.set(4, h).set(5, first(values));
    if (!inHistory) {
      kernel.set(6, other(values));
    }
  }

  /** The history, or what even steps read and odd ones write. */
  Buffer first(Values values) {
    return values.scratch(name, history.slots() * slotBytes());
  }

  /** What odd steps read and even ones write. */
  Buffer other(Values values) {
    return values.scratch("other " + name, slotBytes());
  }

  private long slotBytes() {
    return (long) padded * words * Integer.BYTES;
  }

  /** Starts the filling. */
  void enqueue() {
    kernel.launch(numbers, padded, history.begun(), 32, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
