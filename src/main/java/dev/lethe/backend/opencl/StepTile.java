package dev.lethe.backend.opencl;

import java.util.List;

/**
 * How lstm_step.cl is cut: a group of {@code units} x {@code sequenceItems} work-items makes {@code
 * units} hidden units of sequenceItems*sequenceResults sequences, {@code depth} terms at a time in
 * local memory.
 */
record StepTile(int units, int sequenceItems, int sequenceResults, int depth)
    implements Recurrence {
  @Override
  public String kernel() {
    return "lstm_step";
  }

  @Override
  public List<Integer> numbers() {
    return List.of(units, sequenceItems, sequenceResults, depth);
  }

  /** Sequences of a group. */
  int sequences() {
    return sequenceItems * sequenceResults;
  }

  /** Local memory of a group. */
  long localBytes() {
    return 4L * depth * (sequences() + 4L) + 16L * depth * units;
  }
}
