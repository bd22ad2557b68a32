package dev.lethe.backend.opencl;

/**
 * What a kernel should cost a layer on a GPU under a plan: a pure function of sizes and facts. Its
 * constants are what vendors and others publish, not measurements of Lethe.
 *
 * @param plan how the kernels are cut
 */
record CostModel(OpenClPlan plan) {
  /** Cycles in a microsecond. */
  private static final double CLOCK = 1700;

  /** Microseconds from one launch to the next. */
  private static final double LAUNCH = 4;

  /** Microseconds for work-groups to hand h to each other. */
  private static final double WAIT = 2;

  /**
   * Single-precision operations that a compute unit does in a cycle, as tiled products reach it.
   */
  private static final double PRODUCT = 256 * 0.4;

  /** Likewise on matrix units with operands from local memory. */
  private static final double MATRIX_PRODUCT = 1024;

  /** Bytes that all compute units together read from the second-level cache in a microsecond. */
  private static final double CACHE = 5e6;

  /** Microseconds of a round of lstm_matrix.cl: read h, multiply, add up, finish the cells. */
  private static final double MATRIX_ROUND = 1.2;

  /** Cycles of a term of a sum in lstm_step.cl, which waits for its local memory. */
  private static final double STEP_TERM = 40;

  /** Cycles of a term in lstm_sequence.cl, for each unit of a work-item. */
  private static final double SEQUENCE_TERM = 32;

  /** Work-groups of the last two that a compute unit runs at once. */
  private static final int RESIDENT = 4;

  /** Launches of a layer, and how long they should take. */
  record Cost(int launches, double microseconds) {
    Cost plus(Cost other) {
      return new Cost(launches + other.launches, microseconds + other.microseconds);
    }
  }

  /** For a layer under the kernels chosen. */
  Cost layer(LayerSizes s, LayerChoice choice) {
    int begins = 2 * s.directions();
    Cost others = new Cost(begins, begins * LAUNCH);
    Cost projection =
        new Cost(s.directions(), s.directions() * LAUNCH + projection(s, choice.product()));
    return others.plus(projection).plus(recurrence(s, choice.recurrence()));
  }

  /** For all steps. */
  Cost recurrence(LayerSizes s, Recurrence kernel) {
    if (kernel instanceof PersistentPlan.Cut cut) {
      return together(s, cut);
    }
    return kernel instanceof OpenClPlan.SequenceTile tile
        ? sequence(s, tile)
        : stepwise(s, (OpenClPlan.StepTile) kernel);
  }

  private Cost together(LayerSizes s, PersistentPlan.Cut cut) {
    int slice = plan.persistent().slice(cut, s.hidden(), s.directions(), s.batch()).orElseThrow();
    double wait = cut.groups(s.hidden()) > 1 ? WAIT : WAIT / 4;
    double step;
    int launches = 1;
    if (cut instanceof PersistentPlan.MatrixTile tile) {
      int round = 4 * tile.slices();
      int groups = cut.groups(s.hidden()) * ((s.batch() + slice - 1) / slice) * s.directions();
      double bytes = 4.0 * tile.words() * slice * groups;
      int rounds = (slice + round - 1) / round;
      step = MATRIX_ROUND * rounds + bytes / CACHE;
      launches += s.directions(); // h is rounded first
    } else {
      PersistentPlan.Tile tile = (PersistentPlan.Tile) cut;
      step = plan.persistent().cycles(tile, s.hidden(), s.directions(), s.batch()) / CLOCK;
    }
    return new Cost(launches, launches * LAUNCH + s.steps() * (step + wait));
  }

  private Cost stepwise(LayerSizes s, OpenClPlan.StepTile tile) {
    double groups =
        Math.ceil(s.hidden() / (double) tile.units())
            * Math.ceil(s.batch() / (double) tile.sequences());
    // groups share a unit's arithmetic, and one alone waits for its memory
    double busy = Math.max(1, groups / plan.computeUnits());
    double step = busy * STEP_TERM * s.hidden() / CLOCK;
    int launches = s.directions() * s.steps();
    return new Cost(launches, launches * Math.max(LAUNCH, step));
  }

  private Cost sequence(LayerSizes s, OpenClPlan.SequenceTile tile) {
    double groups = Math.ceil(s.batch() / (double) tile.sequences());
    double busy = Math.max(1, Math.ceil(groups / plan.computeUnits()) / RESIDENT);
    double step = busy * SEQUENCE_TERM * s.hidden() * tile.units(s.hidden()) / CLOCK;
    return new Cost(s.directions(), s.directions() * (LAUNCH + s.steps() * step));
  }

  /** Microseconds of the input projection of all steps, launches left out. */
  double projection(LayerSizes s, OpenClPlan.ProductTile tile) {
    double rate = plan.computeUnits() * CLOCK * (plan.matrix() ? MATRIX_PRODUCT : PRODUCT);
    double operations = 8.0 * s.steps() * s.batch() * s.hidden() * s.input() * s.directions();
    return operations / rate;
  }
}
