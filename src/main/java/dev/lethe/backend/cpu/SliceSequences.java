package dev.lethe.backend.cpu;

/**
 * The sequences of a slice, a row each. The longest comes first, so that at each step those still
 * running come first and padding costs nothing.
 */
final class SliceSequences {
  private final boolean reverse;
  private int count;

  /** Which of the batch each row is. */
  private int[] places = {};

  private int[] lengths = {};

  /** Where the rows of each step of a stretch begin. */
  private int[] firstRow = {};

  /**
   * @param reverse whether they are read from their last step to the first
   */
  SliceSequences(boolean reverse) {
    this.reverse = reverse;
  }

  /** Makes room for so many of them, and for stretches of so many steps. */
  void allocate(int sequences, int stretch) {
    count = sequences;
    if (lengths.length < sequences) {
      places = new int[sequences];
      lengths = new int[sequences];
    }
    firstRow = firstRow.length > stretch ? firstRow : new int[stretch + 1];
  }

  /**
   * Takes on every {@code stride}-th from {@code first} on.
   *
   * @param order sequences, longest first
   */
  void take(LstmData data, int[] order, int first, int stride) {
    for (int row = 0; row < count; row++) {
      places[row] = order[first + row * stride];
      lengths[row] = data.lengths[places[row]];
    }
  }

  int count() {
    return count;
  }

  /** Which of the batch it is. */
  int place(int row) {
    return places[row];
  }

  /** Its steps. */
  int length(int row) {
    return lengths[row];
  }

  /** How many have this step; they come first. */
  int active(int step) {
    int active = count;
    while (active > 0 && lengths[active - 1] <= step) {
      active--;
    }
    return active;
  }

  /** Where in time a step is. */
  int time(int row, int step) {
    return reverse ? lengths[row] - 1 - step : step;
  }

  /** Lays out the rows of a stretch of steps, one step after the other. */
  void layOut(int from, int steps) {
    firstRow[0] = 0;
    for (int step = 0; step < steps; step++) {
      firstRow[step + 1] = firstRow[step] + active(from + step);
    }
  }

  /**
   * Where the rows of a step begin, {@code step} in its stretch; of the step after the last, all.
   */
  int firstRow(int step) {
    return firstRow[step];
  }
}
