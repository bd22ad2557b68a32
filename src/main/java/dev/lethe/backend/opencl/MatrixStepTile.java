package dev.lethe.backend.opencl;

import java.util.List;

/**
 * How lstm_matrix_step.cl is cut: a group of {@code warps} times 32 work-items makes 8*warps hidden
 * units of 8*{@code tiles} sequences on matrix units.
 */
record MatrixStepTile(int warps, int tiles) implements Recurrence {
  @Override
  public String kernel() {
    return "lstm_matrix_step";
  }

  @Override
  public List<Integer> numbers() {
    return List.of(warps, tiles);
  }

  /** Hidden units of a group. */
  int units() {
    return MatrixWeights.UNITS * warps;
  }

  /** Sequences of a group. */
  int sequences() {
    return 8 * tiles;
  }

  /** Work-items of a group. */
  int items() {
    return 32 * warps;
  }
}
