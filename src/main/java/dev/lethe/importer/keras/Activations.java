package dev.lethe.importer.keras;

import dev.lethe.network.ActivationFunction;
import dev.lethe.network.ActivationFunction.Kind;
import dev.lethe.network.Binary;
import dev.lethe.network.Value;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** Keras' activation functions by name. */
final class Activations {
  /** keras.activations.selu: scale * elu(x, alpha). */
  private static final float SELU_ALPHA = 1.6732632423543772f;

  private static final float SELU_SCALE = 1.0507009873554805f;

  private static final Map<String, ActivationFunction> FUNCTIONS =
      Map.ofEntries(
          Map.entry("linear", ActivationFunction.IDENTITY),
          Map.entry("sigmoid", ActivationFunction.SIGMOID),
          Map.entry("tanh", ActivationFunction.TANH),
          Map.entry("relu", ActivationFunction.RELU),
          Map.entry("elu", new ActivationFunction(Kind.ELU, 1, 0)),
          Map.entry("softplus", new ActivationFunction(Kind.SOFTPLUS, 0, 0)),
          Map.entry("softsign", new ActivationFunction(Kind.SOFTSIGN, 0, 0)));

  private Activations() {}

  /** What an LSTM's gates or candidates go through. */
  static ActivationFunction function(Layer layer, String key) {
    String name = name(layer.config(), key);
    return function(name, layer.keras()).orElseThrow(() -> unknown(layer, key, name));
  }

  /** y = activation(x), where the setting {@code key} says which. */
  static Value apply(Use use, String key, Value x) {
    String name = name(use.config(), key);
    String stage = use.name() + "." + name;
    return switch (name) {
      case "linear" -> x;
      case "softmax" -> use.builder().softmax(stage, false, x);
      case "log_softmax" -> use.builder().softmax(stage, true, x);
      case "selu" -> selu(use, stage, x);
      case "silu", "swish" -> silu(use, stage, x);
      default -> {
        ActivationFunction function =
            function(name, use.layer().keras()).orElseThrow(() -> unknown(use.layer(), key, name));
        yield use.builder().activation(stage, function, x);
      }
    };
  }

  private static Value selu(Use use, String stage, Value x) {
    Value elu = use.builder().activation(stage, new ActivationFunction(Kind.ELU, SELU_ALPHA, 0), x);
    return use.builder().activation(stage, new ActivationFunction(Kind.AFFINE, SELU_SCALE, 0), elu);
  }

  private static Value silu(Use use, String stage, Value x) {
    Value sigmoid = use.builder().activation(stage, ActivationFunction.SIGMOID, x);
    return use.builder().binary(stage, Binary.Operation.MULTIPLY, x, sigmoid);
  }

  /** Keras 1 and 2: clip(0.2 x + 0.5, 0, 1); Keras 3: relu6(x + 3) / 6. */
  private static Optional<ActivationFunction> function(String name, int keras) {
    if (name.equals("hard_sigmoid")) {
      float slope = keras >= 300 ? 1f / 6 : 0.2f;
      return Optional.of(new ActivationFunction(Kind.HARD_SIGMOID, slope, 0.5f));
    }
    return Optional.ofNullable(FUNCTIONS.get(name));
  }

  /** A name as such, or as the object that Keras 3 makes of a function. */
  private static String name(Config config, String key) {
    Object value = config.find(key).orElse("linear");
    if (value instanceof String name) {
      return name;
    }
    Config object = config.object(key);
    String kind = object.text("class_name");
    if (kind.equals("function") && object.get("config") instanceof String name) {
      return name;
    }
    throw config.error(
        "has the "
            + key
            + " "
            + Config.shown(kind)
            + ", which Lethe runs as a layer of its own only");
  }

  private static RuntimeException unknown(Layer layer, String key, String name) {
    TreeSet<String> known = new TreeSet<>(FUNCTIONS.keySet());
    known.add("hard_sigmoid");
    return layer
        .config()
        .error(
            "has the "
                + key
                + " '"
                + Config.shown(name)
                + "', which Lethe does not run there; it runs "
                + known
                + ", and in layers other than LSTM softmax, log_softmax, selu and silu");
  }
}
