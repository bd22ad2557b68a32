package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.network.Matrix;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Int8RowsTest {
  @Test
  void aWeightIsOffByHalfAScaleAtMostAndTheLargestByNothing() {
    Random random = new Random(5);
    float[] values = new float[100 * 257];
    for (int k = 0; k < values.length; k++) {
      // rows of very different size
      values[k] = (float) (random.nextGaussian() * Math.pow(10, k / 257 % 9 - 4));
    }
    Matrix matrix = Matrix.of(100, 257, values);
    Int8Rows rows = Int8Rows.of(matrix);
    double most = 0;
    for (int row = 0; row < 100; row++) {
      double scale = rows.scales()[row];
      int largest = 0;
      for (int k = 0; k < 257; k++) {
        double error = Math.abs(scale * rows.at(row, k) - matrix.at(row, k)) / scale;
        // a quotient next to a tie may be rounded onto it
        assertTrue(error <= 0.5 + 1e-4, row + " " + k + ": " + error);
        most = Math.max(most, error);
        largest = Math.max(largest, Math.abs(rows.at(row, k)));
        assertEquals((float) (scale * rows.at(row, k)), rows.weight(row, k));
      }
      assertEquals(127, largest);
    }
    assertTrue(most > 0.49);
  }

  @Test
  void roundsToTheNearestWithTiesToEvenAndIsSymmetric() {
    Int8Rows rows = Int8Rows.of(Matrix.of(1, 6, new float[] {127, 0.5f, 1.5f, -1.5f, -2.6f, -127}));
    assertEquals(1, rows.scales()[0]);
    int[] expected = {127, 0, 2, -2, -3, -127};
    for (int k = 0; k < expected.length; k++) {
      assertEquals(expected[k], rows.at(0, k));
    }
  }

  @Test
  void rowsOfZerosOrOfTheSmallestNumbersStayWhatTheyAre() {
    float least = Float.MIN_VALUE;
    Int8Rows rows = Int8Rows.of(Matrix.of(3, 2, new float[] {0, 0, least, -least, 200 * least, 0}));
    assertEquals(0, rows.weight(0, 1));
    // the scale underflows: what it cannot tell from 0 becomes 0
    assertEquals(0, rows.weight(1, 0));
    assertEquals(127 * 2 * least, rows.weight(2, 0), 54 * least);
  }

  @Test
  void aRowWithoutAFiniteScaleIsNan() {
    Matrix matrix = Matrix.of(3, 2, new float[] {Float.POSITIVE_INFINITY, 1, Float.NaN, 1, 3, 1});
    Int8Rows rows = Int8Rows.of(matrix);
    for (int k = 0; k < 2; k++) {
      assertTrue(Float.isNaN(rows.weight(0, k)));
      assertTrue(Float.isNaN(rows.weight(1, k)));
    }
    assertEquals(3, rows.weight(2, 0));
  }
}
