package dev.lethe.bench;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;
import java.nio.FloatBuffer;

/** A benchmark of wrong results is worth nothing. */
final class Outputs {
  private static final float TOLERANCE = 1e-4f;

  /** What fewer bits may do; which of them are good enough for a network is not measured here. */
  private static final float NARROW_TOLERANCE = 0.05f;

  /** What the reference, on one thread and in double precision, computes in some seconds. */
  private static final double OPERATIONS = 1e9;

  private Outputs() {}

  /**
   * Throws where a y [T, B, D*H] is further than 1e-4 from the double reference, or 0.05 in other
   * precisions than fp32; outputs of an LSTM are within +-1. Of a large batch, sequences from its
   * beginning to its end are looked at, as many as the reference can compute in a few seconds.
   */
  static void check(LstmShape shape, Tensor y, Precision precision) {
    float tolerance = precision == Precision.FP32 ? TOLERANCE : NARROW_TOLERANCE;
    double each = shape.operations() / shape.batch();
    int count = (int) Math.max(1, Math.min(shape.batch(), OPERATIONS / each));
    int[] sequences = new int[count];
    for (int k = 0; k < count; k++) {
      sequences[k] = count == 1 ? 0 : (int) ((long) k * (shape.batch() - 1) / (count - 1));
    }
    float[] expected =
        LetheEngine.reference(shape, select(shape.input(), sequences)).toFloatArray();
    float[] actual = select(y, sequences).toFloatArray();
    for (int k = 0; k < expected.length; k++) {
      boolean close = Math.abs(expected[k] - actual[k]) <= tolerance;
      if (!close) {
        throw new IllegalStateException(
            "element " + k + " of y: " + actual[k] + " instead of " + expected[k]);
      }
    }
  }

  /** Some sequences of [T, B, N]. */
  private static Tensor select(Tensor tensor, int[] sequences) {
    int steps = tensor.dimension(0);
    int batch = tensor.dimension(1);
    int width = tensor.dimension(2);
    FloatBuffer values = tensor.floats();
    float[] selected = new float[steps * sequences.length * width];
    for (int t = 0; t < steps; t++) {
      for (int k = 0; k < sequences.length; k++) {
        values.get(
            (t * batch + sequences[k]) * width,
            selected,
            (t * sequences.length + k) * width,
            width);
      }
    }
    return Tensor.of(selected, steps, sequences.length, width);
  }
}
