package dev.lethe.backend.opencl;

import java.util.List;

/** A kernel for a layer's chain of steps, and how it is cut. */
sealed interface Recurrence permits StepTile, SequenceTile, MatrixStepTile, PersistentPlan.Cut {
  /** Name of the kernel, which is that of its file. */
  String kernel();

  /** What tells tiles of one kernel apart, in the order of the record's components. */
  List<Integer> numbers();

  /** What a layer's cell and mask leave to choose from. */
  record Permitted(boolean alone, boolean together) {
    /** Every kernel. */
    static final Permitted ALL = new Permitted(true, true);

    /** The same without kernels whose groups wait for each other. */
    Permitted withoutTogether() {
      return new Permitted(alone, false);
    }
  }
}
