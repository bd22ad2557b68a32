package dev.lethe.bench;

import dev.lethe.Tensor;
import java.util.Map;
import java.util.Objects;

/** A benchmark of wrong results is worth nothing. */
final class Outputs {
  private static final float TOLERANCE = 1e-4f;

  private Outputs() {}

  /**
   * Throws where an output is further than 1e-4 from the expected one; outputs of an LSTM are
   * within +-1.
   */
  static void check(Map<String, Tensor> expected, Map<String, Tensor> actual) {
    expected.forEach(
        (name, tensor) -> {
          float[] wanted = tensor.toFloatArray();
          float[] got = Objects.requireNonNull(actual.get(name)).toFloatArray();
          for (int k = 0; k < wanted.length; k++) {
            boolean close = Math.abs(wanted[k] - got[k]) <= TOLERANCE;
            if (!close) {
              throw new IllegalStateException(
                  "output " + name + ", element " + k + ": " + got[k] + " instead of " + wanted[k]);
            }
          }
        });
  }
}
