package dev.lethe.importer.keras;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * What Keras 1 called otherwise, and its LSTM with three arrays for each gate (Keras 2's
 * preprocess_weights_for_loading in hdf5_format.py).
 */
final class KerasOne {
  /** W, U and b of i, c, f and o. */
  static final int LSTM_ARRAYS = 12;

  /** The place of i, f, c and o among them. */
  private static final int[] PLACES = {0, 6, 3, 9};

  private static final Set<String> RENAMED = Set.of("LSTM", "Dense");

  private static final Map<String, String> NAMES =
      Map.of("output_dim", "units", "inner_activation", "recurrent_activation", "bias", "use_bias");

  private KerasOne() {}

  /** A layer's settings under the names of Keras 2. */
  static Config renamed(Config config, String kind, int keras) {
    if (keras >= 200) {
      return config;
    }
    if (kind.startsWith("BatchNormalization")) {
      throw config.error("is a BatchNormalization of Keras 1, which Lethe does not run");
    }
    if (!RENAMED.contains(kind)) {
      return config;
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    config.fields().forEach((name, value) -> fields.put(NAMES.getOrDefault(name, name), value));
    return new Config(config.where(), fields);
  }

  /**
   * Twelve arrays as three: kernel [I][4H], recurrent_kernel [H][4H] and bias [4H], gates i, f, c,
   * o.
   */
  record Joined(LayerWeights twelve, int inputSize, int hidden) implements LayerWeights {
    @Override
    public LayerWeights part(String name, int first) {
      return this;
    }

    @Override
    public float[] filled(float number, int length) {
      return twelve.filled(number, length);
    }

    @Override
    public float[] array(int k, int... shape) {
      int rows = k == 0 ? inputSize : k == 1 ? hidden : 1;
      float[] joined = {};
      for (int gate = 0; gate < PLACES.length; gate++) {
        float[] one =
            k == 2
                ? twelve.array(PLACES[gate] + k, hidden)
                : twelve.array(PLACES[gate] + k, rows, hidden);
        // not before the first array is known to be as long as the settings say
        joined = gate == 0 ? new float[Math.multiplyExact(4, one.length)] : joined;
        for (int row = 0; row < rows; row++) {
          System.arraycopy(one, row * hidden, joined, (row * 4 + gate) * hidden, hidden);
        }
      }
      return joined;
    }
  }
}
