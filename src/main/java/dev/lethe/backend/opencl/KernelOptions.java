package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Binary;
import dev.lethe.network.Cell;
import java.util.Arrays;
import java.util.Locale;

/**
 * What each kernel is compiled with under a plan: the only place that writes -D options.
 *
 * @param precision of the inputs of an LSTM layer's products
 * @param waiting what is known of the device for kernels whose groups wait for each other
 * @param rowItems work-items a row, in kernels that take rows
 */
record KernelOptions(Precision precision, PersistentPlan waiting, int rowItems) {
  /** Terms of a sum that lstm_step.cl has in local memory at a time, if they are read singly. */
  private static final int MOST_SINGLE = 32;

  /**
   * For product.cl.
   *
   * @param rowMap for the input projection
   * @param depth terms of a sum
   * @param columns of the weights
   */
  String product(ProductTile product, boolean rowMap, int depth, int columns) {
    String tile =
        "-DLM=%d -DLN=%d -DRM=%d -DRN=%d -DTK=%d"
            .formatted(
                product.rowItems(),
                product.columnItems(),
                product.rowResults(),
                product.columnResults(),
                product.depth());
    String sizes = tile + fours(depth, columns, product.depth(), product.columns());
    return rowMap ? sizes + " -DROW_MAP" + precisionNumber() : sizes;
  }

  /** For lstm_step.cl; {@code kind}: what the parts of a launch are. */
  String step(StepTile step, Cell cell, LstmParts.Kind kind, boolean masked, boolean traced) {
    String fours = fours(cell.outputSize(), step.depth());
    // numbers read one by one take a register each for their place, too
    int depth = fours.isEmpty() ? Math.min(step.depth(), MOST_SINGLE) : step.depth();
    return "-DTU=%d -DLB=%d -DRB=%d -DTK=%d"
            .formatted(step.units(), step.sequenceItems(), step.sequenceResults(), depth)
        + fours
        + unroll()
        + precisionNumber()
        + cell(cell)
        + kind(kind)
        + (masked ? " -DMASKED" : "")
        + (traced ? " -DTRACE" : "");
  }

  /** For lstm_norm_step.cl. */
  String normStep(Cell cell, boolean traced) {
    return "-DL=%d -DEPSILON=%s".formatted(rowItems, literal(cell.norm().orElseThrow().epsilon()))
        + precisionNumber()
        + cell(cell)
        + (traced ? " -DTRACE" : "");
  }

  /** For lstm_sequence.cl. */
  String sequence(SequenceTile sequence, Cell cell, LstmParts.Kind kind) {
    return "-DL=%d -DRB=%d -DUNITS=%d"
            .formatted(sequence.items(), sequence.sequences(), sequence.units(cell.hiddenSize()))
        + unroll()
        + precisionNumber()
        + cell(cell)
        + kind(kind);
  }

  /** For lstm_persistent.cl or lstm_matrix.cl. */
  String persistent(Cell cell, PersistentPlan.Cut cut, LstmParts.Kind kind) {
    String tile;
    if (cut instanceof PersistentPlan.MatrixTile matrix) {
      tile =
          "-DSLICES=%d -DPW=%d -DUB=%d".formatted(matrix.slices(), matrix.pairs(), matrix.eights());
    } else {
      PersistentPlan.Tile plain = (PersistentPlan.Tile) cut;
      tile =
          "-DU=%d -DP=%d -DRB=%d".formatted(plain.units(), plain.parts(), plain.rows())
              + fours(cell.hiddenSize())
              + unroll();
    }
    return tile
        + " -DPOLLS="
        + waiting.polls()
        + ptx()
        + precisionNumber()
        + cell(cell)
        + kind(kind);
  }

  /**
   * For lstm_matrix_step.cl.
   *
   * @param sums how its sums are cut
   * @param kind what the parts of a launch are
   */
  String matrixStep(
      MatrixStepTile tile,
      PersistentPlan.MatrixTile sums,
      Cell cell,
      LstmParts.Kind kind,
      boolean traced) {
    return "-DSLICES=%d -DPW=%d -DWARPS=%d -DNT=%d"
            .formatted(sums.slices(), sums.pairs(), tile.warps(), tile.tiles())
        + ptx()
        + precisionNumber()
        + cell(cell)
        + kind(kind)
        + (traced ? " -DTRACE" : "");
  }

  /** For begin_matrix.cl; {@code history}: whether each step has a slot of its own. */
  String beginMatrix(boolean history) {
    return precisionNumber().strip() + (history ? " -DHISTORY" : "");
  }

  /** For product_matrix.cl; {@code depth}: terms of a sum. */
  String matrixProduct(MatrixProductTile tile, int depth) {
    return "-DTILE=" + tile.size() + fours(depth) + precisionNumber() + ptx();
  }

  // whether NVIDIA's instructions are there
  private String ptx() {
    return waiting.ptx() ? " -DPTX" : "";
  }

  // rows and tiles of these lengths can be read by fours
  private static String fours(int... lengths) {
    return Arrays.stream(lengths).allMatch(length -> length % 4 == 0) ? " -DFOURS" : "";
  }

  // of a GPU whose registers are known
  private String unroll() {
    return waiting.registers() > 0 ? " -DUNROLL" : "";
  }

  private static String kind(LstmParts.Kind kind) {
    return switch (kind) {
      case ONE -> "";
      case DIRECTIONS -> " -DBOTH";
      case LAYERS -> " -DSTACKED";
    };
  }

  // precision.cl numbers the precisions in the order of the enum
  private String precisionNumber() {
    return precision == Precision.FP32 ? "" : " -DPRECISION=" + precision.ordinal();
  }

  /** What tells cells apart. */
  static String cell(Cell cell) {
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
  static String activation(ActivationFunction function) {
    return "-DFUNCTION=" + function(function);
  }

  /** For elementwise.cl. */
  static String binary(Binary.Operation operation) {
    return switch (operation) {
      case ADD -> "-DOPERATOR=+";
      case SUBTRACT -> "-DOPERATOR=-";
      case MULTIPLY -> "-DOPERATOR=*";
    };
  }

  /** For softmax.cl. */
  String softmax(boolean logarithm) {
    return "-DL=" + rowItems + (logarithm ? " -DLOGARITHM" : "");
  }

  /** For layer_norm.cl. */
  String layerNorm() {
    return "-DL=" + rowItems;
  }

  /** For step_mask.cl. */
  static String stepMask(boolean ids) {
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
