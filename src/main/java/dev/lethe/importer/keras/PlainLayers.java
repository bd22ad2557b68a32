package dev.lethe.importer.keras;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.ActivationFunction.Kind;
import dev.lethe.network.Binary;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Layers of one input that compute: Embedding, Dense, normalizations, activations. */
final class PlainLayers {
  /** More axes than any layer here has a use for. */
  static final int MOST_AXES = 8;

  private PlainLayers() {}

  /** Dropout and noise do nothing once a network is trained. */
  static List<Signal> nothing(Use use) {
    return use.inputs();
  }

  static List<Signal> embedding(Use use) {
    Value ids = use.input().value();
    if (use.inputs().size() != 1 || ids.type() != Tensor.Type.INT32) {
      throw use.error("takes ids that are an input of the model");
    }
    int rows = use.config().size("input_dim");
    int width = use.config().size("output_dim");
    Matrix table = Matrix.of(rows, width, use.weights().array(0, rows, width));
    Optional<Value> mask =
        use.config().flag("mask_zero", false)
            ? Optional.of(use.masks().of(use.name(), ids, 0))
            : Optional.empty();
    return List.of(new Signal(use.builder().embedding(use.name(), table, ids), mask));
  }

  /** Over the last axis. */
  static List<Signal> dense(Use use) {
    Value x = use.floats(2, MOST_AXES);
    int features = use.features();
    int units = use.config().size("units");
    Matrix weights = Matrix.of(features, units, use.weights().array(0, features, units));
    Matrix bias =
        use.config().flag("use_bias", true)
            ? Matrix.row(use.weights().array(1, units))
            : Matrix.zeros(1, units);
    Value y = use.builder().dense(use.name(), weights, bias, x);
    return use.masked(Activations.apply(use, "activation", y));
  }

  /** Dense at every step, which Dense is on its own. */
  static List<Signal> timeDistributed(Use use) {
    Layer inner = Layer.of(use.config().object("layer"), use.layer().keras());
    Value x = use.floats(3, MOST_AXES);
    Use each = use.inside(inner, use.weights().part("layer", 0));
    return switch (inner.kind()) {
      case "Dense" -> dense(each);
      case "Activation" -> activation(each);
      case "Dropout" -> use.masked(x);
      default ->
          throw use.error(
              "wraps "
                  + Config.shown(inner.kind())
                  + "; Lethe runs one around Dense, Activation and Dropout");
    };
  }

  static List<Signal> activation(Use use) {
    Value x = use.floats(2, MOST_AXES);
    return use.masked(Activations.apply(use, "activation", x));
  }

  static List<Signal> relu(Use use) {
    if (use.config().has("max_value") || use.config().real("threshold", 0) != 0) {
      throw use.error("has a max_value or a threshold, which Lethe does not run");
    }
    float slope = (float) use.config().real("negative_slope", 0);
    return function(
        use,
        slope == 0 ? ActivationFunction.RELU : new ActivationFunction(Kind.LEAKY_RELU, slope, 0));
  }

  /** The slope is called alpha up to Keras 2. */
  static List<Signal> leakyRelu(Use use) {
    double slope = use.config().real("negative_slope", use.config().real("alpha", 0.3));
    return function(use, new ActivationFunction(Kind.LEAKY_RELU, (float) slope, 0));
  }

  static List<Signal> elu(Use use) {
    float alpha = (float) use.config().real("alpha", 1);
    return function(use, new ActivationFunction(Kind.ELU, alpha, 0));
  }

  private static List<Signal> function(Use use, ActivationFunction function) {
    Value x = use.floats(2, MOST_AXES);
    return use.masked(use.builder().activation(use.name(), function, x));
  }

  /** Over the last axis. */
  static List<Signal> softmax(Use use) {
    Value x = use.floats(2, MOST_AXES);
    requireLastAxis(use, x);
    if (use.input().mask().isPresent()) {
      throw use.error("has a masked input, which Lethe does not run");
    }
    return use.masked(use.builder().softmax(use.name(), false, x));
  }

  /** y = x * scale + shift for each feature: gamma (x - mean) / sqrt(variance + epsilon) + beta. */
  static List<Signal> batchNormalization(Use use) {
    Value x = use.floats(2, MOST_AXES);
    requireLastAxis(use, x);
    int features = use.features();
    float[] gamma = factor(use, "scale", 0, 1);
    int next = use.config().flag("scale", true) ? 1 : 0;
    float[] beta = factor(use, "center", next, 0);
    next += use.config().flag("center", true) ? 1 : 0;
    float[] mean = use.weights().array(next, features);
    float[] variance = use.weights().array(next + 1, features);
    double epsilon = use.config().real("epsilon", 1e-3);
    float[] scale = new float[features];
    float[] shift = new float[features];
    for (int k = 0; k < features; k++) {
      double factor = gamma[k] / Math.sqrt(variance[k] + epsilon);
      scale[k] = (float) factor;
      shift[k] = (float) (beta[k] - mean[k] * factor);
    }
    Value scaled = withVector(use, Binary.Operation.MULTIPLY, x, scale);
    return use.masked(withVector(use, Binary.Operation.ADD, scaled, shift));
  }

  static List<Signal> layerNormalization(Use use) {
    Value x = use.floats(2, MOST_AXES);
    requireLastAxis(use, x);
    if (use.config().flag("rms_scaling", false)) {
      throw use.error("has rms_scaling, which Lethe does not run");
    }
    float[] gamma = factor(use, "scale", 0, 1);
    float[] beta = factor(use, "center", use.config().flag("scale", true) ? 1 : 0, 0);
    float epsilon = (float) use.config().real("epsilon", 1e-3);
    Value y = use.builder().layerNorm(use.name(), Matrix.row(gamma), Matrix.row(beta), epsilon, x);
    return use.masked(y);
  }

  /** A trained vector where the setting says so, otherwise the same number throughout. */
  private static float[] factor(Use use, String setting, int k, float otherwise) {
    int features = use.features();
    if (use.config().flag(setting, true)) {
      return use.weights().array(k, features);
    }
    return use.weights().filled(otherwise, features);
  }

  private static Value withVector(Use use, Binary.Operation operation, Value x, float[] vector) {
    List<Dim> dims = new ArrayList<>();
    for (int axis = 1; axis < x.shape().rank(); axis++) {
      dims.add(Dim.of(1));
    }
    dims.add(Dim.of(vector.length));
    String name = use.name() + (operation == Binary.Operation.ADD ? ".shift" : ".scale");
    Value constant = use.builder().constant(name, Tensor.of(vector, vector.length));
    Value row = use.builder().reshape(name, constant, new Shape(dims));
    Value all = use.builder().expand(name, row, x.shape());
    return use.builder().binary(use.name(), operation, x, all);
  }

  private static void requireLastAxis(Use use, Value x) {
    Object setting = use.config().find("axis").orElse(-1L);
    Object axis = setting instanceof List<?> list && list.size() == 1 ? list.get(0) : setting;
    String where = use.layer().where() + ": 'axis'";
    int last = Config.integer(where, axis instanceof List<?> ? Double.NaN : axis);
    if (last != -1 && last != x.shape().rank() - 1) {
      throw use.error("goes along axis " + last + "; Lethe runs the last axis only");
    }
  }
}
