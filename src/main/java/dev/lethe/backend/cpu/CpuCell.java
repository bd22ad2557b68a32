package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import dev.lethe.backend.Int8Rows;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.Matrix;
import java.util.Optional;

/**
 * A cell's weights as the kernels read them, made once when a session opens. The hidden units stand
 * in blocks of {@link #units}, the last padded; a block of gate columns is i, f, g, o of its units.
 */
final class CpuCell {
  final Cell cell;
  final int units;
  final int blocks;
  final Packed input;
  final Packed recurrent;

  /** What the sums of the pre-activations begin with: [blocks][4][units]. */
  final float[] bias;

  /** Takes the place of {@link #gates} and {@link #update} where there is normalization. */
  final Optional<NormedCell> normed;

  /** [3][blocks*units] for i, f, o; or empty. */
  final float[] peepholes;

  /** What the sums of the projection begin with. */
  final float[] zeros;

  /** From the hidden units to the output; depth 0 if there is none. */
  final Packed projection;

  /** Whether the kernels have its gates. */
  final boolean vectorised;

  private final Kernels kernels;
  private final Precision precision;

  /**
   * @param precision of the input and recurrent weights
   */
  CpuCell(Cell cell, Kernels kernels, Precision precision) {
    this.cell = cell;
    this.kernels = kernels;
    this.precision = precision;
    int hidden = cell.hiddenSize();
    units = kernels.units(hidden);
    blocks = (hidden + units - 1) / units;
    input = gates(cell.input());
    recurrent = gates(cell.recurrent());
    bias = new float[blocks * width()];
    for (int k = 0; k < bias.length; k++) {
      int row = row(k / width(), k % width());
      // with normalization it is added after it
      bias[k] = row < 0 || cell.norm().isPresent() ? 0 : cell.bias().at(0, row);
    }
    normed = cell.norm().map(norm -> new NormedCell(cell, norm, units));
    peepholes = new float[cell.peepholes().isEmpty() ? 0 : 3 * blocks * units];
    for (int k = 0; k < cell.peepholes().size(); k++) {
      peepholes[k / hidden * blocks * units + k % hidden] = cell.peepholes().at(0, k);
    }
    projection = rows(cell.projection());
    zeros = new float[Math.max(projection.width(), cell.outputSize())];
    vectorised =
        cell.norm().isEmpty()
            && !cell.coupled()
            && peepholes.length == 0
            && cell.clip() == Float.POSITIVE_INFINITY
            && cell.gate().kind() == ActivationFunction.Kind.SIGMOID
            && cell.candidate().kind() == ActivationFunction.Kind.TANH
            && (cell.output().kind() == ActivationFunction.Kind.TANH || identity());
  }

  /** Columns of a block. */
  int width() {
    return Cell.GATES * units;
  }

  /** Hidden units of a block without the padding. */
  int unitsOf(int block) {
    return Math.min(units, cell.hiddenSize() - block * units);
  }

  boolean projected() {
    return projection.depth() > 0;
  }

  /**
   * Whether the recurrent weights are in 16 bits, but few enough for the second-level cache to hold
   * them from one step to the next in single precision as well. To widen them for each step then
   * only takes time. Not in int8, whose sums would be scaled apart, which takes about as long.
   */
  boolean near() {
    return recurrent.words().length > 0
        && precision != Precision.INT8
        && recurrent.bytes() <= SecondLevelCache.BYTES / 2;
  }

  /**
   * The gates of one step of some rows of a block, in place of their pre-activations; but a {@link
   * #vectorised} cell's {@link #update} begins with the pre-activations.
   *
   * @param z [rows][4][units] from {@code zAt}
   * @param c [rows][units] from {@code cAt}: before the step
   */
  void gates(int block, int rows, float[] z, int zAt, float[] c, int cAt) {
    if (vectorised) {
      return;
    }
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < unitsOf(block); j++) {
        int unit = block * units + j;
        int at = zAt + row * width() + j;
        float old = c[cAt + row * units + j];
        float i = FloatMath.apply(cell.gate(), pre(z[at], 0, unit, old));
        float f =
            cell.coupled() ? 1 - i : FloatMath.apply(cell.gate(), pre(z[at + units], 1, unit, old));
        float g = FloatMath.apply(cell.candidate(), clipped(z[at + 2 * units]));
        float now = Math.fma(f, old, i * g);
        z[at] = i;
        z[at + units] = f;
        z[at + 2 * units] = g;
        z[at + 3 * units] = FloatMath.apply(cell.gate(), pre(z[at + 3 * units], 2, unit, now));
      }
    }
  }

  /**
   * A gate's value.
   *
   * @param which 0 to 3 for i, f, g, o
   * @param z what {@link #gates} left
   */
  float gate(int which, float z) {
    if (!vectorised) {
      return z;
    }
    return FloatMath.apply(which == 2 ? cell.candidate() : cell.gate(), z);
  }

  /**
   * What follows the {@link #gates}.
   *
   * @param z [rows][4][units] from {@code zAt}
   * @param c [rows][units] from {@code cAt}, replaced
   * @param h before any projection: each row of all blocks, with room up to the end of the last
   */
  void update(int block, int rows, float[] z, int zAt, float[] c, int cAt, Rows h) {
    int first = block * units;
    if (vectorised) {
      kernels.update(rows, z, zAt, width(), c, cAt, units, h, first, units, identity());
      return;
    }
    for (int row = 0; row < rows; row++) {
      for (int j = 0; j < unitsOf(block); j++) {
        int i = zAt + row * width() + j;
        int old = cAt + row * units + j;
        float now = Math.fma(z[i + units], c[old], z[i] * z[i + 2 * units]);
        c[old] = now;
        h.of[row][h.at[row] + first + j] = z[i + 3 * units] * FloatMath.apply(cell.output(), now);
      }
    }
  }

  /**
   * {@link #update} of one row of {@code count} blocks at once, where the cell is {@link
   * #vectorised}.
   *
   * @param z [4][units] for each block, {@code zStride} apart, from {@code zAt}
   * @param c [units] for each block, {@code cStride} apart, from {@code cAt}
   * @param h where the {@code units} of each block go, {@code hAt} further on
   */
  void rowStep(
      int count,
      float[] z,
      int zAt,
      int zStride,
      float[] c,
      int cAt,
      int cStride,
      Rows h,
      int hAt) {
    kernels.update(count, z, zAt, zStride, c, cAt, cStride, h, hAt, units, identity());
  }

  private float pre(float z, int which, int unit, float seen) {
    return clipped(
        peepholes.length == 0 ? z : Math.fma(peepholes[which * blocks * units + unit], seen, z));
  }

  private float clipped(float z) {
    return Math.max(-cell.clip(), Math.min(cell.clip(), z));
  }

  private boolean identity() {
    return cell.output().equals(ActivationFunction.IDENTITY);
  }

  /** The row of the stacked weights that a column of a block is; -1 in the padding. */
  private int row(int block, int column) {
    int unit = block * units + column % units;
    return unit < cell.hiddenSize() ? column / units * cell.hiddenSize() + unit : -1;
  }

  private Packed gates(Matrix weights) {
    Packed.Source source =
        (k, block, column) -> {
          int row = row(block, column);
          return row < 0 ? 0 : precision.round(weights.at(row, k));
        };
    if (precision == Precision.INT8) {
      return int8(Int8Rows.of(weights));
    }
    return precision == Precision.FP32
        ? kernels.pack(weights.columns(), blocks, width(), source)
        : kernels.packNarrow(precision, weights.columns(), blocks, width(), source);
  }

  private Packed int8(Int8Rows weights) {
    float[] scales = new float[blocks * width()];
    for (int k = 0; k < scales.length; k++) {
      int row = row(k / width(), k % width());
      scales[k] = row < 0 ? 0 : weights.scales()[row];
    }
    return kernels.packInt8(
        weights.columns(),
        blocks,
        width(),
        (k, block, column) -> {
          int row = row(block, column);
          return row < 0 ? 0 : weights.at(row, k);
        },
        scales);
  }

  private Packed rows(Matrix weights) {
    int width = kernels.columns(weights.rows());
    int count = (weights.rows() + width - 1) / width;
    return kernels.pack(
        weights.columns(),
        count,
        width,
        (k, block, column) -> {
          int row = block * width + column;
          return row < weights.rows() ? weights.at(row, k) : 0;
        });
  }
}
