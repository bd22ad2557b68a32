package dev.lethe.backend;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;

/**
 * A matrix as {@link dev.lethe.Precision#INT8} keeps it: in each row integers from -127 to 127
 * times the row's scale, which is the largest magnitude in the row over 127. So a weight is off by
 * half a scale at most. Symmetric, as ONNX Runtime's DynamicQuantizeLSTM has it by column; a row of
 * stacked LSTM weights belongs to one gate of one hidden unit.
 *
 * <p>A row with an infinite or NaN weight has no finite scale, and stands for NaN.
 *
 * @param columns width of a row
 * @param values [rows][columns]
 * @param scales [rows]
 */
public record Int8Rows(int columns, byte[] values, float[] scales) {
  /** The largest integer. */
  public static final int LARGEST = 127;

  /** Quantizes every row, to the nearest, ties to even. */
  public static Int8Rows of(Matrix matrix) {
    byte[] values = new byte[matrix.size()];
    float[] scales = new float[matrix.rows()];
    for (int row = 0; row < matrix.rows(); row++) {
      float largest = 0;
      for (int k = 0; k < matrix.columns(); k++) {
        largest = Math.max(largest, Math.abs(matrix.at(row, k)));
      }
      scales[row] = largest / LARGEST;
      for (int k = 0; k < matrix.columns(); k++) {
        // 0/0 becomes 0; a scale that underflows makes more than the largest
        int nearest = (int) Math.rint(matrix.at(row, k) / scales[row]);
        values[row * matrix.columns() + k] = (byte) Math.max(-LARGEST, Math.min(LARGEST, nearest));
      }
    }
    return new Int8Rows(matrix.columns(), values, scales);
  }

  /** The integer in a place. */
  public int at(int row, int column) {
    return values[row * columns + column];
  }

  /** The weight that the integer stands for. */
  public float weight(int row, int column) {
    return at(row, column) * scales[row];
  }

  /** The layer whose weights are those that int8 stands for. */
  public static Lstm dequantized(Lstm layer) {
    return layer.withDirections(
        layer.directions().stream()
            .map(
                direction -> {
                  Cell cell = direction.cell();
                  return new Lstm.Direction(
                      direction.reverse(),
                      cell.withWeights(dequantized(cell.input()), dequantized(cell.recurrent())));
                })
            .toList());
  }

  private static Matrix dequantized(Matrix matrix) {
    Int8Rows rows = of(matrix);
    float[] weights = new float[matrix.size()];
    for (int row = 0; row < matrix.rows(); row++) {
      for (int k = 0; k < matrix.columns(); k++) {
        weights[row * matrix.columns() + k] = rows.weight(row, k);
      }
    }
    return Matrix.of(matrix.rows(), matrix.columns(), weights);
  }
}
