package dev.lethe.backend.opencl;

import dev.lethe.Precision;

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

  /** Microseconds that a launch adds to a kernel that takes longer than that. */
  private static final double GAP = 1.5;

  /**
   * Microseconds from when a work-group has an h to when others have read it out of the
   * second-level cache, a look or two in vain counted.
   */
  private static final double HANDED = 0.8;

  /** Single-precision multiplications and additions that a compute unit does in a cycle. */
  private static final double FMAS = 128;

  /** Share of a product's time that goes into arithmetic; the rest is barriers and staging. */
  private static final double BUSY = 0.8;

  /** Cycles in which a compute unit does an m16n8k8 or m16n8k16 on one of its four matrix units. */
  private static final double MMA = 8;

  /**
   * Multiplications and additions of product_matrix.cl with a tile of 64 that a compute unit does
   * in a cycle. Reads bound them, of which a tile twice as large has half; of that gain the root is
   * counted.
   */
  private static final double MATRIX_PRODUCT = 512;

  /** Groups of each compute unit from which a larger tile leaves enough to do for all. */
  private static final double FILLED = 2;

  /** Bytes that a compute unit reads in a microsecond, from the second-level cache or memory. */
  private static final double CACHE = 38e3;

  /** Likewise from its own cache. */
  private static final double OWN_CACHE = 100e3;

  /** What fits there. */
  private static final double OWN_BYTES = 128 << 10;

  /** What fits the second-level cache. */
  private static final double CACHE_BYTES = 40 << 20;

  /** Microseconds until they are there. */
  private static final double LATENCY = 0.4;

  /** Likewise from memory. */
  private static final double MEMORY_LATENCY = 0.8;

  /** Cycles of a term of a sum in lstm_step.cl at least: a dependent addition and a local load. */
  private static final double TERM = 10;

  /** Likewise of 16 words in lstm_matrix_step.cl: two dependent products. */
  private static final double MATRIX_BLOCK = 80;

  /** Microseconds of a round of lstm_matrix.cl: multiply, add up, finish the cells. */
  private static final double MATRIX_ROUND = 0.8;

  /** Cycles of a term in lstm_sequence.cl, for each unit of a work-item. */
  private static final double SEQUENCE_TERM = 32;

  /** Work-groups of the step kernels and lstm_sequence.cl that a compute unit runs at once. */
  private static final int RESIDENT = 4;

  /** Launches of a layer, and how long they should take. */
  record Cost(int launches, double microseconds) {
    Cost plus(Cost other) {
      return new Cost(launches + other.launches, microseconds + other.microseconds);
    }

    Cost times(int count) {
      return new Cost(count * launches, count * microseconds);
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

  /**
   * For two stacked layers as a wavefront: what belongs to the steps of both is shared, but for the
   * first chunk of the lower and the last of the upper.
   */
  Cost wavefront(LayerSizes lower, LayerSizes upper, Wavefront w) {
    int steps = lower.steps();
    int chunk = w.lag();
    int chunks = (steps + chunk - 1) / chunk;
    int last = steps - (chunks - 1) * chunk;
    LayerSizes both = lower.withDirections(2);
    Cost cost = new Cost(4, 4 * LAUNCH).plus(rounding(both, w.recurrence()));
    for (int part = 0; part < 2; part++) {
      LayerSizes s = part == 0 ? lower : upper;
      ProjectionTile tile = w.products().get(part);
      double whole = projection(s.withSteps(chunk), tile);
      double rest = projection(s.withSteps(last), tile);
      cost = cost.plus(new Cost(chunks, chunks * LAUNCH + (chunks - 1) * whole + rest));
    }
    if (w.recurrence() instanceof StepTile || w.recurrence() instanceof MatrixStepTile) {
      return cost.plus(chain(both.withSteps(steps - chunk), w.recurrence()))
          .plus(chain(lower.withSteps(2 * chunk), w.recurrence()));
    }
    Cost shared = chain(both.withSteps(chunk), w.recurrence());
    Cost load = new Cost(0, load(both, w.recurrence()));
    return cost.plus(shared.plus(load).times(chunks - 1))
        .plus(chain(lower.withSteps(chunk), w.recurrence()))
        .plus(chain(lower.withSteps(last), w.recurrence()))
        .plus(load);
  }

  /** Microseconds in which a launch that keeps its weights in registers reads them. */
  private double load(LayerSizes s, Recurrence kernel) {
    double bytes = (double) s.directions() * weightBytes() * s.hidden() * s.hidden();
    return kernel instanceof PersistentPlan.Cut ? bytes / (CACHE * plan.computeUnits()) : 0;
  }

  /** Of the recurrent weights of a unit's four gates for one other unit. */
  private double weightBytes() {
    return plan.precision() == Precision.FP32 || !plan.matrix() ? 16 : 8;
  }

  /** For all steps. */
  Cost recurrence(LayerSizes s, Recurrence kernel) {
    return rounding(s, kernel).plus(chain(s, kernel));
  }

  /** Before the first step: on matrix units h is rounded. */
  private static Cost rounding(LayerSizes s, Recurrence kernel) {
    boolean rounds =
        kernel instanceof PersistentPlan.MatrixTile || kernel instanceof MatrixStepTile;
    return rounds ? new Cost(s.directions(), s.directions() * LAUNCH) : new Cost(0, 0);
  }

  private Cost chain(LayerSizes s, Recurrence kernel) {
    if (kernel instanceof PersistentPlan.Cut cut) {
      return together(s, cut);
    }
    if (kernel instanceof MatrixStepTile tile) {
      return matrixStep(s, tile);
    }
    return kernel instanceof SequenceTile tile ? sequence(s, tile) : stepwise(s, (StepTile) kernel);
  }

  private Cost together(LayerSizes s, PersistentPlan.Cut cut) {
    int atOnce = plan.persistent().atOnce(cut, s);
    int slice = plan.persistent().slice(cut, s.hidden(), atOnce, s.batch()).orElseThrow();
    int groups = cut.groups(s.hidden()) * ((s.batch() + slice - 1) / slice) * atOnce;
    int words = cut instanceof PersistentPlan.MatrixTile tile ? tile.words() : s.hidden();
    double reads = 4.0 * words * slice * groups / (CACHE * plan.computeUnits());
    double rounds;
    double busy;
    if (cut instanceof PersistentPlan.MatrixTile tile) {
      rounds = groups(slice, tile.round());
      busy = MATRIX_ROUND * rounds;
    } else {
      PersistentPlan.Tile tile = (PersistentPlan.Tile) cut;
      rounds = groups(slice, tile.rows());
      busy = plan.persistent().cycles(tile, s.hidden(), atOnce, s.batch()) / CLOCK;
    }
    // what the first round reads was written rounds ago, and is read before anything else
    double handed = Math.max(0, HANDED - busy * (rounds - 1) / rounds) + reads / rounds;
    double step = Math.max(busy, reads) + handed;
    int times = s.directions() / atOnce;
    return new Cost(1, LAUNCH + s.steps() * step).times(times);
  }

  private Cost stepwise(LayerSizes s, StepTile tile) {
    double across = groups(s.hidden(), tile.units());
    double along = s.directions() * groups(s.batch(), tile.sequences());
    int results = tile.sequenceResults();
    // 32-wide slices of a group without any sequence add up nothing
    double slice = Math.max(2, 32.0 / tile.units());
    double working = groups(s.batch(), results) / slice;
    double items = tile.units() * Math.min(tile.sequenceItems(), Math.ceil(working) * slice);
    // local memory answers four weights of each of 32 items in two turns, and four of h; what comes
    // from global memory is written at 128 bytes a turn
    double reads = items / 32 * (2 + (results % 4 == 0 ? results / 2.0 : results));
    double writes = (tile.sequences() + 4.0 * tile.units()) / 32;
    double term = Math.max(4 * items * results / FMAS, reads + writes);
    double cycles = s.hidden() * Math.max(TERM, each(across * along) * term / BUSY);
    double sequences = (double) s.directions() * s.batch();
    double bytes = 4.0 * s.hidden() * (along * 4 * s.hidden() + across * sequences);
    double ahead = tile.localBytes();
    return steps(s, cycles, bytes, across * along, ahead);
  }

  private Cost matrixStep(LayerSizes s, MatrixStepTile tile) {
    double across = groups(s.hidden(), tile.units());
    double along = s.directions() * groups(s.batch(), tile.sequences());
    double words = PersistentPlan.MatrixTile.of(plan.precision(), s.hidden()).words();
    double block = tile.warps() / 4.0 * 4 * tile.tiles() * MMA;
    double blocks = words / MatrixWeights.BLOCK;
    double cycles = blocks * Math.max(MATRIX_BLOCK, each(across * along) * block / BUSY);
    double bytes = 4 * words * (along * 4 * s.hidden() + across * along * tile.sequences());
    double ahead = tile.warps() * (tile.tiles() > 4 ? 2048 : tile.tiles() > 1 ? 4096 : 8192);
    return steps(s, cycles, bytes, across * along, ahead);
  }

  /** A launch a step: as long as its arithmetic or its reads take, whichever is longer. */
  private Cost steps(LayerSizes s, double cycles, double bytes, double groups, double ahead) {
    double units = Math.min(groups, plan.computeUnits());
    double inFlight = units * Math.min(RESIDENT, each(groups)) * ahead;
    boolean cached = s.directions() * weightBytes() * s.hidden() * s.hidden() <= CACHE_BYTES;
    double latency = cached ? LATENCY : MEMORY_LATENCY;
    double reads = bytes / Math.min(CACHE * plan.computeUnits(), inFlight / latency);
    double step = Math.max(cycles / CLOCK, reads) + GAP;
    return new Cost(s.steps(), s.steps() * Math.max(LAUNCH, step));
  }

  private static double groups(int size, int of) {
    return Math.ceil(size / (double) of);
  }

  /** Groups of the busiest compute unit. */
  private double each(double groups) {
    return Math.ceil(groups / plan.computeUnits());
  }

  private Cost sequence(LayerSizes s, SequenceTile tile) {
    double groups = s.directions() * groups(s.batch(), tile.sequences());
    double busy = Math.max(1, each(groups) / RESIDENT);
    double term = Math.max(SEQUENCE_TERM, 4 * tile.sequences() * tile.items() / FMAS * RESIDENT);
    double cycles = busy * term * s.hidden() * tile.units(s.hidden());
    double weights = 16.0 * s.hidden() * s.hidden();
    double reads = each(groups) * weights / (weights <= OWN_BYTES ? OWN_CACHE : CACHE);
    double step = Math.max(cycles / CLOCK, reads);
    return new Cost(1, LAUNCH + s.steps() * step);
  }

  /** Microseconds of the input projection of all steps, launches left out. */
  double projection(LayerSizes s, ProjectionTile tile) {
    double rows = (double) s.steps() * s.batch();
    double columns = 4.0 * s.hidden();
    double bytes = 4 * rows * (s.input() + columns);
    double reads = bytes / (CACHE * plan.computeUnits());
    double groups = Math.ceil(rows / tile.rows()) * Math.ceil(columns / tile.columns());
    double terms = each(groups) * s.input() * tile.rows() * tile.columns();
    double cycles = terms / speed(tile, groups);
    return s.directions() * Math.max(cycles / CLOCK, reads);
  }

  /** Multiplications and additions of the input projection that a compute unit does in a cycle. */
  private double speed(ProjectionTile tile, double groups) {
    if (tile instanceof MatrixProductTile) {
      boolean filled = groups >= FILLED * plan.computeUnits();
      return MATRIX_PRODUCT * (filled ? Math.sqrt(tile.rows() / 64.0) : 1);
    }
    ProductTile plain = (ProductTile) tile;
    double results = (double) plain.rowResults() * plain.columnResults();
    // a vector of four is one instruction, as is a multiplication and addition
    double loads = (plain.rowResults() + plain.columnResults()) / 4.0 + 2;
    return FMAS * BUSY * results / (results + loads);
  }
}
