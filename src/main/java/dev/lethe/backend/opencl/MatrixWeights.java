package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import dev.lethe.backend.Float16;
import dev.lethe.network.Cell;
import dev.lethe.network.Matrix;

/**
 * Weights in the words and the order in which product_matrix.cl and lstm_matrix.cl read them. A
 * word is one tf32 number, or two of 16 bits, the first in the low half.
 */
final class MatrixWeights {
  /** Words that the lanes of a 32-wide slice read at once, of each row. */
  static final int BLOCK = 16;

  private static final int LANES = 32;

  /** Hidden units of a group of lstm_matrix.cl. */
  static final int UNITS = 8;

  private MatrixWeights() {}

  /** Numbers of a word. */
  static int values(Precision precision) {
    return precision == Precision.TF32 ? 1 : 2;
  }

  /** Words for this many numbers, in whole blocks. */
  static int words(Precision precision, int count) {
    int values = values(precision);
    int words = (count + values - 1) / values;
    return (words + BLOCK - 1) / BLOCK * BLOCK;
  }

  /**
   * Input weights for product_matrix.cl: [4H, rounded up to whole tiles][words], gates innermost.
   */
  static int[] input(Precision precision, Matrix stacked, int hidden) {
    int words = words(precision, stacked.columns());
    int columns = Cell.GATES * hidden;
    int largest = MatrixProductTile.ALL.get(MatrixProductTile.ALL.size() - 1).columns();
    int padded = (columns + largest - 1) / largest * largest;
    int[] packed = new int[Math.multiplyExact(padded, words)];
    for (int column = 0; column < columns; column++) {
      int row = column % Cell.GATES * hidden + column / Cell.GATES;
      for (int word = 0; word < words; word++) {
        packed[column * words + word] = word(precision, stacked, row, word);
      }
    }
    return packed;
  }

  /** Recurrent weights for lstm_matrix.cl: [H/8][words/8][2][32 lanes][4 words]. */
  static int[] recurrent(Precision precision, Matrix stacked, int hidden, int words) {
    int groups = (hidden + UNITS - 1) / UNITS;
    int[] packed = new int[Math.multiplyExact(groups * UNITS * Cell.GATES, words)];
    int at = 0;
    for (int group = 0; group < groups; group++) {
      for (int step = 0; step < words / 8; step++) {
        for (int pair = 0; pair < 2; pair++) {
          for (int lane = 0; lane < LANES; lane++) {
            int unit = group * UNITS + lane / 4;
            // of 16 words, lane t takes 4t and 4t+1 in the even step and the next two in the odd
            int first = step / 2 * BLOCK + 4 * (lane % 4) + 2 * (step % 2);
            for (int k = 0; k < 4; k++, at++) {
              int gate = 2 * pair + k % 2;
              if (unit < hidden) {
                packed[at] = word(precision, stacked, gate * hidden + unit, first + k / 2);
              }
            }
          }
        }
      }
    }
    return packed;
  }

  /** A word of a row, its numbers rounded; 0 from the last column on. */
  static int word(Precision precision, Matrix matrix, int row, int word) {
    int values = values(precision);
    int bits = 0;
    for (int k = 0; k < values; k++) {
      int column = word * values + k;
      float value = column < matrix.columns() ? precision.round(matrix.at(row, column)) : 0;
      bits |= bits(precision, value) << 16 * k;
    }
    return bits;
  }

  private static int bits(Precision precision, float rounded) {
    int word = Float.floatToRawIntBits(rounded);
    return switch (precision) {
      case BF16 -> word >>> 16;
      case FP16 -> Float16.bits(rounded);
      default -> word;
    };
  }
}
