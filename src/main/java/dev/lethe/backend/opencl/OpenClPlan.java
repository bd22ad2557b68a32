package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import dev.lethe.Precision;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Binary;
import dev.lethe.network.Cell;
import java.util.Locale;
import java.util.Optional;

/**
 * How the kernels are cut for one device: a pure function of the device's facts. The only place
 * that writes -D options. No tile changes a result's bits: every sum runs over its terms in
 * ascending order, whatever the tile.
 *
 * @param product tile of product.cl
 * @param step tile of lstm_step.cl
 * @param sequence tile of lstm_sequence.cl
 * @param persistent whether and how lstm_persistent.cl and lstm_matrix.cl run
 * @param precision of the inputs of an LSTM layer's products
 * @param matrix whether those run on matrix units
 * @param softmaxItems work-items a row in softmax.cl, layer_norm.cl and lstm_norm_step.cl, a power
 *     of two
 * @param flatItems work-items of a group in kernels without a tile
 * @param projectionBytes most that the projected inputs of one layer may take; longer runs go in
 *     chunks of time
 * @param mostDepth most terms of a sum that the device's loops get through
 */
record OpenClPlan(
    ProductTile product,
    StepTile step,
    SequenceTile sequence,
    PersistentPlan persistent,
    Precision precision,
    boolean matrix,
    int softmaxItems,
    int flatItems,
    long projectionBytes,
    int mostDepth) {
  /** Least local memory of a device that this plan fits. */
  static final long LOCAL_BYTES = 16 << 10;

  /** Least work-group of a device that this plan fits. */
  static final long WORK_GROUP = 64;

  /** From this compute capability on (8.0, Ampere) the matrix units take all precisions. */
  private static final int MATRIX_CAPABILITY = 80;

  private static final long MOST_PROJECTION_BYTES = 2L << 30;

  /** Where loops are limited: product.cl takes up to 15 turns a term. */
  private static final int LIMITED_DEPTH = 4096;

  /**
   * A group of rowItems x columnItems work-items makes (rowItems*rowResults) x
   * (columnItems*columnResults) results, {@code depth} terms at a time in local memory.
   */
  record ProductTile(int rowItems, int columnItems, int rowResults, int columnResults, int depth) {
    /** Rows of a group. */
    int rows() {
      return rowItems * rowResults;
    }

    /** Columns of a group. */
    int columns() {
      return columnItems * columnResults;
    }

    /** Local memory of a group. */
    long localBytes() {
      return 4L * (depth * (rows() + 1L) + (long) depth * columns() + rows());
    }
  }

  /**
   * A group of {@code units} x {@code sequenceItems} work-items makes {@code units} hidden units of
   * sequenceItems*sequenceResults sequences, {@code depth} terms at a time in local memory.
   */
  record StepTile(int units, int sequenceItems, int sequenceResults, int depth) {
    /** Sequences of a group. */
    int sequences() {
      return sequenceItems * sequenceResults;
    }

    /** Local memory of a group. */
    long localBytes() {
      return 4L * depth * (sequences() + 1L) + 16L * depth * units;
    }
  }

  /**
   * A group of {@code items} work-items owns {@code sequences} sequences, and their whole hidden
   * state of {@code mostHidden} units or fewer.
   */
  record SequenceTile(int items, int sequences, int mostHidden) {
    /** Hidden units of a work-item. */
    int units(int hidden) {
      return (hidden + items - 1) / items;
    }

    /** Local memory of a group. */
    long localBytes(int hidden) {
      return 2L * hidden * sequences * Float.BYTES;
    }
  }

  /** The plan for a device, in single precision. */
  static OpenClPlan of(DeviceFacts facts) {
    return of(facts, Precision.FP32);
  }

  /** The plan for a device. */
  static OpenClPlan of(DeviceFacts facts, Precision precision) {
    long projection =
        Math.min(MOST_PROJECTION_BYTES, Math.min(facts.allocationBytes(), facts.globalBytes() / 4));
    if (facts.cpu() || facts.workGroupSize() < 256) {
      boolean limited = facts.limitsLoops();
      return new OpenClPlan(
          new ProductTile(4, 16, 4, 2, 16),
          new StepTile(16, 4, 2, 16),
          new SequenceTile(16, 4, limited ? 0 : 256),
          PersistentPlan.NONE,
          precision,
          false,
          16,
          64,
          projection,
          limited ? LIMITED_DEPTH : Integer.MAX_VALUE);
    }
    return new OpenClPlan(
        new ProductTile(16, 16, 4, 4, 16),
        new StepTile(16, 16, 1, 32),
        new SequenceTile(128, 4, 128),
        PersistentPlan.of(facts),
        precision,
        onMatrixUnits(precision) && facts.computeCapability() >= MATRIX_CAPABILITY,
        64,
        256,
        projection,
        Integer.MAX_VALUE);
  }

  /** Those of int8 want x and h in int8, too. */
  private static boolean onMatrixUnits(Precision precision) {
    return precision != Precision.FP32 && precision != Precision.INT8;
  }

  /** The same plan, but for where work-groups wait for each other. */
  OpenClPlan withPersistent(PersistentPlan other) {
    return new OpenClPlan(
        product,
        step,
        sequence,
        other,
        precision,
        matrix,
        softmaxItems,
        flatItems,
        projectionBytes,
        mostDepth);
  }

  /** The same plan with plain products. */
  OpenClPlan withoutMatrix() {
    return new OpenClPlan(
        product,
        step,
        sequence,
        persistent,
        precision,
        false,
        softmaxItems,
        flatItems,
        projectionBytes,
        mostDepth);
  }

  /**
   * Refuses a sum of more terms than the device can be trusted with.
   *
   * @param stage whose sum it is, for the message
   */
  void requireDepth(String stage, int depth) {
    if (depth > mostDepth) {
      throw new DeviceException(
          "stage "
              + stage
              + " adds up "
              + depth
              + " terms, this device's loops stop after "
              + mostDepth
              + "; use -d cpu");
    }
  }

  /** For product.cl; {@code rowMap} for the input projection. */
  String productOptions(boolean rowMap) {
    String tile =
        "-DLM=%d -DLN=%d -DRM=%d -DRN=%d -DTK=%d"
            .formatted(
                product.rowItems,
                product.columnItems,
                product.rowResults,
                product.columnResults,
                product.depth);
    return rowMap ? tile + " -DROW_MAP" + precisionOption() : tile;
  }

  /** For lstm_step.cl. */
  String stepOptions(Cell cell, boolean masked, boolean traced) {
    String tile =
        "-DTU=%d -DLB=%d -DRB=%d -DTK=%d"
            .formatted(step.units, step.sequenceItems, step.sequenceResults, step.depth);
    return tile
        + precisionOption()
        + cellOptions(cell)
        + (masked ? " -DMASKED" : "")
        + (traced ? " -DTRACE" : "");
  }

  /** For lstm_norm_step.cl. */
  String normStepOptions(Cell cell, boolean traced) {
    return "-DL=%d -DEPSILON=%s"
            .formatted(softmaxItems, literal(cell.norm().orElseThrow().epsilon()))
        + precisionOption()
        + cellOptions(cell)
        + (traced ? " -DTRACE" : "");
  }

  /**
   * Whether all steps of a layer run in one launch, each group by itself, rather than one launch a
   * step. A group alone reads all recurrent weights at every step, so only small layers gain.
   */
  boolean wholeSequence(Cell cell) {
    return cell.projection().isEmpty()
        && cell.norm().isEmpty()
        && cell.hiddenSize() <= sequence.mostHidden;
  }

  /** For lstm_sequence.cl. */
  String sequenceOptions(Cell cell) {
    return "-DL=%d -DRB=%d -DUNITS=%d"
            .formatted(sequence.items, sequence.sequences, sequence.units(cell.hiddenSize()))
        + precisionOption()
        + cellOptions(cell);
  }

  /** For lstm_persistent.cl or lstm_matrix.cl. */
  String persistentOptions(Cell cell, PersistentPlan.Cut cut) {
    return persistent.options(cut) + precisionOption() + cellOptions(cell);
  }

  /** For product_matrix.cl. */
  String matrixProductOptions() {
    return (precisionOption() + (persistent.ptx() ? " -DPTX" : "")).strip();
  }

  /** The tile of the kernel that runs a layer in one launch, if one can. */
  Optional<? extends PersistentPlan.Cut> persistentTile(int hidden, int directions) {
    return matrix
        ? persistent.matrixTile(hidden, directions, precision)
        : persistent.tile(hidden, directions);
  }

  // precision.cl numbers the precisions in the order of the enum
  private String precisionOption() {
    return precision == Precision.FP32 ? "" : " -DPRECISION=" + precision.ordinal();
  }

  /** Whether two cells are the same to a kernel but for their weights. */
  static boolean sameKernel(Cell a, Cell b) {
    return a.hiddenSize() == b.hiddenSize() && cellOptions(a).equals(cellOptions(b));
  }

  private static String cellOptions(Cell cell) {
    StringBuilder options = new StringBuilder();
    options.append(" -DGATE=").append(function(cell.gate()));
    options.append(" -DCANDIDATE=").append(function(cell.candidate()));
    options.append(" -DOUTPUT=").append(function(cell.output()));
    if (!cell.peepholes().isEmpty()) {
      options.append(" -DPEEPHOLES");
    }
    if (!cell.projection().isEmpty()) {
      options.append(" -DPROJECTED");
    }
    if (cell.coupled()) {
      options.append(" -DCOUPLED");
    }
    if (cell.clip() < Float.POSITIVE_INFINITY) {
      options.append(" -DCLIP=").append(literal(cell.clip()));
    }
    return options.toString();
  }

  /** For elementwise.cl. */
  static String activationOptions(ActivationFunction function) {
    return "-DFUNCTION=" + function(function);
  }

  /** For elementwise.cl. */
  static String binaryOptions(Binary.Operation operation) {
    return switch (operation) {
      case ADD -> "-DOPERATOR=+";
      case SUBTRACT -> "-DOPERATOR=-";
      case MULTIPLY -> "-DOPERATOR=*";
    };
  }

  /** For softmax.cl. */
  String softmaxOptions(boolean logarithm) {
    return "-DL=" + softmaxItems + (logarithm ? " -DLOGARITHM" : "");
  }

  /** For layer_norm.cl. */
  String layerNormOptions() {
    return "-DL=" + softmaxItems;
  }

  /** For step_mask.cl. */
  static String stepMaskOptions(boolean ids) {
    return "-DELEMENT=" + (ids ? "int" : "float");
  }

  // common.cl numbers the kinds in the order of the enum
  private static String function(ActivationFunction function) {
    return function.kind().ordinal()
        + ","
        + literal(function.alpha())
        + ","
        + literal(function.beta());
  }

  private static String literal(float value) {
    return String.format(Locale.ROOT, "%sf", Float.toHexString(value));
  }
}
