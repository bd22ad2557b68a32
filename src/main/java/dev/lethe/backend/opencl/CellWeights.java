package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import dev.lethe.backend.Int8Rows;
import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import dev.lethe.network.Matrix;

/** A cell's weights on the device, gates innermost, as the kernels read them. Owns them. */
final class CellWeights implements AutoCloseable {
  private final Buffer input;
  private final Buffer bias;
  private final Buffer recurrent;
  private final Buffer special;
  private final Buffer projection;

  /** {@code matrix}: whether the recurrence runs on matrix units. */
  CellWeights(Context context, String name, Cell cell, OpenClPlan plan, boolean matrix) {
    int hidden = cell.hiddenSize();
    Precision precision = plan.precision();
    String inputName = name + " input weights";
    input =
        plan.matrix()
            ? context.upload(inputName, MatrixWeights.input(precision, cell.input(), hidden))
            : upload(context, inputName, cell.input(), hidden, precision);
    // with normalization the bias is added after it
    float[] start = interleaveRow(cell.bias(), hidden);
    bias =
        context.upload(name + " bias", cell.norm().isPresent() ? new float[start.length] : start);
    String recurrentName = name + " recurrent weights";
    recurrent =
        matrix
            ? context.upload(recurrentName, fragments(precision, cell))
            : upload(context, recurrentName, cell.recurrent(), hidden, precision);
    special =
        cell.norm().isPresent()
            ? context.upload(name + " normalization", norm(cell, cell.norm().get()))
            : context.upload(name + " peepholes", cell.peepholes().toArray());
    projection = context.upload(name + " projection", transpose(cell.projection()));
  }

  private static int[] fragments(Precision precision, Cell cell) {
    int hidden = cell.hiddenSize();
    int words = PersistentPlan.MatrixTile.of(precision, hidden).words();
    return MatrixWeights.recurrent(precision, cell.recurrent(), hidden, words);
  }

  /** Where the weight from feature k to a gate of a hidden unit is in [K][H][4]. */
  static int index(int hidden, int k, int unit, int gate) {
    return (k * hidden + unit) * Cell.GATES + gate;
  }

  private static Buffer upload(
      Context context, String name, Matrix stacked, int hidden, Precision precision) {
    return precision == Precision.INT8
        ? context.upload(name, int8(Int8Rows.of(stacked), stacked.columns(), hidden))
        : context.upload(name, interleave(stacked, hidden, precision));
  }

  /** Scales [H][4], then integers [K][H][4], four in a word as little-endian devices read them. */
  private static int[] int8(Int8Rows stacked, int depth, int hidden) {
    int scales = hidden * Cell.GATES;
    int[] packed = new int[Math.addExact(scales, Math.multiplyExact(depth, hidden))];
    for (int gate = 0; gate < Cell.GATES; gate++) {
      for (int unit = 0; unit < hidden; unit++) {
        int row = gate * hidden + unit;
        packed[index(hidden, 0, unit, gate)] = Float.floatToRawIntBits(stacked.scales()[row]);
        for (int k = 0; k < depth; k++) {
          packed[scales + k * hidden + unit] |= (stacked.at(row, k) & 0xff) << 8 * gate;
        }
      }
    }
    return packed;
  }

  private static float[] interleave(Matrix stacked, int hidden, Precision precision) {
    float[] packed = new float[stacked.size()];
    for (int gate = 0; gate < Cell.GATES; gate++) {
      for (int unit = 0; unit < hidden; unit++) {
        for (int k = 0; k < stacked.columns(); k++) {
          packed[index(hidden, k, unit, gate)] =
              precision.round(stacked.at(gate * hidden + unit, k));
        }
      }
    }
    return packed;
  }

  private static float[] interleaveRow(Matrix stacked, int hidden) {
    float[] packed = new float[stacked.size()];
    for (int gate = 0; gate < Cell.GATES; gate++) {
      for (int unit = 0; unit < hidden; unit++) {
        packed[index(hidden, 0, unit, gate)] = stacked.at(0, gate * hidden + unit);
      }
    }
    return packed;
  }

  /** [H][4] scales and [H][4] shifts of the gates, [H] scales and [H] shifts of c. */
  private static float[] norm(Cell cell, CellNorm norm) {
    int hidden = cell.hiddenSize();
    float[] packed = new float[10 * hidden];
    System.arraycopy(interleaveRow(norm.gateScale(), hidden), 0, packed, 0, 4 * hidden);
    System.arraycopy(interleaveRow(cell.bias(), hidden), 0, packed, 4 * hidden, 4 * hidden);
    System.arraycopy(norm.cellScale().toArray(), 0, packed, 8 * hidden, hidden);
    System.arraycopy(norm.cellShift().toArray(), 0, packed, 9 * hidden, hidden);
    return packed;
  }

  private static float[] transpose(Matrix matrix) {
    float[] turned = new float[matrix.size()];
    for (int row = 0; row < matrix.rows(); row++) {
      for (int column = 0; column < matrix.columns(); column++) {
        turned[column * matrix.rows() + row] = matrix.at(row, column);
      }
    }
    return turned;
  }

  /** [I][H][4], or as product_matrix.cl reads it where the plan has matrix units. */
  Buffer input() {
    return input;
  }

  /** [H][4]. */
  Buffer bias() {
    return bias;
  }

  /** [P][H][4], or as lstm_matrix.cl and lstm_matrix_step.cl read it. */
  Buffer recurrent() {
    return recurrent;
  }

  /** Peepholes [3][H] for i, f, o, or what lstm_norm_step.cl reads; of no use without either. */
  Buffer special() {
    return special;
  }

  /** [H][P]; of no use if the cell has none. */
  Buffer projection() {
    return projection;
  }

  @Override
  public void close() {
    input.close();
    bias.close();
    recurrent.close();
    special.close();
    projection.close();
  }
}
