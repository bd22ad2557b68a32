package dev.lethe.importer.keras;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/** The layers that Lethe runs, by the name of their class. */
final class Layers {
  private static final Map<String, Function<Use, List<Signal>>> ALL = new TreeMap<>();

  /** What Keras 3 writes beside the layers to compute their masks. */
  private static final Map<String, Function<Use, List<Signal>>> MASKS =
      Map.of("NotEqual", Masks::notEqual, "Any", Masks::any);

  static {
    ALL.put("Activation", PlainLayers::activation);
    ALL.put("ActivityRegularization", PlainLayers::nothing);
    ALL.put("Add", ShapeLayers::add);
    ALL.put("AlphaDropout", PlainLayers::nothing);
    ALL.put("Average", ShapeLayers::average);
    ALL.put("BatchNormalization", PlainLayers::batchNormalization);
    ALL.put("BatchNormalizationV1", PlainLayers::batchNormalization);
    ALL.put("Bidirectional", RecurrentLayers::bidirectional);
    ALL.put("Concatenate", ShapeLayers::concatenate);
    ALL.put("CuDNNLSTM", RecurrentLayers::lstm);
    ALL.put("Dense", PlainLayers::dense);
    ALL.put("Dropout", PlainLayers::nothing);
    ALL.put("ELU", PlainLayers::elu);
    ALL.put("Embedding", PlainLayers::embedding);
    ALL.put("Flatten", ShapeLayers::flatten);
    ALL.put("GaussianDropout", PlainLayers::nothing);
    ALL.put("GaussianNoise", PlainLayers::nothing);
    ALL.put("LSTM", RecurrentLayers::lstm);
    ALL.put("LeakyReLU", PlainLayers::leakyRelu);
    ALL.put("LayerNormalization", PlainLayers::layerNormalization);
    ALL.put("Masking", Masks::masking);
    ALL.put("Multiply", ShapeLayers::multiply);
    ALL.put("Permute", ShapeLayers::permute);
    ALL.put("ReLU", PlainLayers::relu);
    ALL.put("RepeatVector", ShapeLayers::repeatVector);
    ALL.put("Reshape", ShapeLayers::reshape);
    ALL.put("Softmax", PlainLayers::softmax);
    ALL.put("SpatialDropout1D", PlainLayers::nothing);
    ALL.put("Subtract", ShapeLayers::subtract);
    ALL.put("TimeDistributed", PlainLayers::timeDistributed);
  }

  private Layers() {}

  /** All names, for messages. */
  static String supported() {
    TreeSet<String> names = new TreeSet<>(ALL.keySet());
    names.add("InputLayer");
    return String.join(", ", names);
  }

  /**
   * Adds the stages of one call.
   *
   * @return its outputs
   * @throws dev.lethe.ModelFormatException when the layer, or a setting of it, is not run
   */
  static List<Signal> run(Use use) {
    try {
      return rule(use.layer()).apply(use);
    } catch (IllegalArgumentException | ArithmeticException | IndexOutOfBoundsException e) {
      throw use.error(String.valueOf(e.getMessage()));
    }
  }

  /** Refuses a layer that Lethe does not run, before anything is read. */
  static void requireKnown(Layer layer) {
    if (!layer.kind().equals("InputLayer")) {
      rule(layer);
    }
  }

  private static Function<Use, List<Signal>> rule(Layer layer) {
    Function<Use, List<Signal>> rule = ALL.get(layer.kind());
    Function<Use, List<Signal>> found = rule == null ? MASKS.get(layer.kind()) : rule;
    if (found == null) {
      throw layer.config().error("Lethe does not run this layer; it runs " + supported());
    }
    return found;
  }
}
