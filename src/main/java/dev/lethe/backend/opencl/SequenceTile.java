package dev.lethe.backend.opencl;

import java.util.List;

/**
 * How lstm_sequence.cl is cut: a group of {@code items} work-items owns {@code sequences}
 * sequences, and their whole hidden state of {@code mostHidden} units or fewer.
 */
record SequenceTile(int items, int sequences, int mostHidden) implements Recurrence {
  @Override
  public String kernel() {
    return "lstm_sequence";
  }

  @Override
  public List<Integer> numbers() {
    return List.of(items, sequences, mostHidden);
  }

  /** Hidden units of a work-item. */
  int units(int hidden) {
    return (hidden + items - 1) / items;
  }

  /** Local memory of a group. */
  long localBytes(int hidden) {
    return 2L * hidden * sequences * Float.BYTES;
  }
}
