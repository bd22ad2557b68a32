package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import java.util.Optional;

/**
 * What a stack of LSTM layers should cost on a GPU under a plan: a pure function of sizes and
 * facts. Its constants are what vendors and others publish, not measurements of Lethe.
 *
 * @param plan how the kernels are cut
 * @param computeUnits of the device
 */
record CostModel(OpenClPlan plan, int computeUnits) {
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

  /** Sizes, all layers with the same H; layers from the second on read directions*H features. */
  record Sizes(int steps, int batch, int input, int hidden, int layers, int directions) {}

  /** A kernel for the recurrence, launches of a run, and how long it should take. */
  record Prediction(String kernel, int launches, double milliseconds) {}

  /** For the kernel that the plan takes. */
  Prediction predict(Sizes s) {
    Optional<? extends PersistentPlan.Cut> cut =
        plan.persistentTile(s.hidden, s.directions).filter(c -> slice(c, s).isPresent());
    if (cut.isPresent()) {
      return persistent(s, cut.get());
    }
    return s.hidden <= plan.sequence().mostHidden() ? sequence(s) : stepwise(s);
  }

  /** For lstm_persistent.cl or lstm_matrix.cl. */
  Prediction persistent(Sizes s, PersistentPlan.Cut cut) {
    int slice = slice(cut, s).orElseThrow();
    double wait = cut.groups(s.hidden) > 1 ? WAIT : WAIT / 4;
    double step;
    if (cut instanceof PersistentPlan.MatrixTile tile) {
      int round = 4 * tile.slices();
      int groups = cut.groups(s.hidden) * ((s.batch + slice - 1) / slice) * s.directions;
      double bytes = 4.0 * tile.words() * slice * groups;
      int rounds = (slice + round - 1) / round;
      step = MATRIX_ROUND * rounds + bytes / CACHE;
    } else {
      PersistentPlan.Tile tile = (PersistentPlan.Tile) cut;
      step = plan.persistent().cycles(tile, s.hidden, s.directions, s.batch) / CLOCK;
    }
    boolean matrix = cut instanceof PersistentPlan.MatrixTile;
    int launches = s.layers * (1 + s.directions * (matrix ? 4 : 3));
    double recurrence = s.layers * s.steps * (step + wait);
    String name = matrix ? "lstm_matrix" : "lstm_persistent";
    return new Prediction(name, launches, total(s, launches, recurrence));
  }

  /** For lstm_step.cl. */
  Prediction stepwise(Sizes s) {
    OpenClPlan.StepTile tile = plan.step();
    double groups =
        Math.ceil(s.hidden / (double) tile.units())
            * Math.ceil(s.batch / (double) tile.sequences());
    // groups share a unit's arithmetic, and one alone waits for its memory
    double busy = Math.max(1, groups / computeUnits);
    double step = busy * STEP_TERM * s.hidden / CLOCK;
    int launches = s.layers * s.directions * (3 + s.steps);
    double recurrence = s.layers * s.directions * s.steps * Math.max(LAUNCH, step);
    return new Prediction("lstm_step", launches, total(s, launches, recurrence));
  }

  /** For lstm_sequence.cl. */
  Prediction sequence(Sizes s) {
    OpenClPlan.SequenceTile tile = plan.sequence();
    double groups = Math.ceil(s.batch / (double) tile.sequences());
    double busy = Math.max(1, Math.ceil(groups / computeUnits) / RESIDENT);
    double step = busy * SEQUENCE_TERM * s.hidden * tile.units(s.hidden) / CLOCK;
    int launches = s.layers * s.directions * 4;
    double recurrence = s.layers * s.directions * s.steps * step;
    return new Prediction("lstm_sequence", launches, total(s, launches, recurrence));
  }

  private Optional<Integer> slice(PersistentPlan.Cut cut, Sizes s) {
    return plan.persistent().slice(cut, s.hidden, s.directions, s.batch);
  }

  private double total(Sizes s, int launches, double recurrence) {
    boolean matrix = plan.matrix() && plan.precision() != Precision.FP32;
    double rate = computeUnits * CLOCK * (matrix ? MATRIX_PRODUCT : PRODUCT);
    double inputs = s.input + (s.layers - 1.0) * s.hidden * s.directions;
    double projection = 8.0 * s.steps * s.batch * s.hidden * inputs * s.directions / rate;
    // launches of one step each are in the recurrence already
    int others = Math.min(launches, s.layers * s.directions * 5);
    return (projection + recurrence + others * LAUNCH) / 1000;
  }
}
