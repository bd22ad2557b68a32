package dev.lethe.importer.keras;

import dev.lethe.ModelFormatException;
import dev.lethe.importer.keras.Layer.Call;
import dev.lethe.importer.keras.Layer.Reference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Layers and how they are joined, read from a model's configuration. A Sequential model is a chain
 * of calls like any other.
 *
 * @param name the model's
 * @param layers unique by name, in the order of the file
 * @param inputs what the model reads
 * @param outputs what it gives
 */
record Architecture(
    String name, List<Layer> layers, List<Reference> inputs, List<Reference> outputs) {
  private static final String INPUT = "InputLayer";

  /**
   * Reads a configuration.
   *
   * @param keras the version that wrote it, 100 * major + minor
   * @throws ModelFormatException when it is damaged or holds a layer that Lethe does not run
   */
  static Architecture of(Config model, int keras) {
    return switch (model.text("class_name")) {
      case "Sequential" -> sequential(model, keras);
      case "Functional", "Model" -> functional(model, keras);
      default ->
          throw model.error(
              "the model is a "
                  + Config.shown(model.get("class_name"))
                  + "; Lethe runs Sequential and Functional models");
    };
  }

  private static Architecture sequential(Config model, int keras) {
    boolean bare = model.get("config") instanceof List;
    List<Object> entries = bare ? model.list("config") : model.object("config").list("layers");
    List<Layer> layers = new ArrayList<>();
    for (Object entry : entries) {
      Layer layer = known(Layer.of(Config.of(model.where(), entry), keras));
      if (layers.isEmpty() && !layer.kind().equals(INPUT)) {
        layers.add(madeUpInput(model, layer));
      }
      layers.add(layer);
    }
    if (layers.isEmpty()) {
      throw model.error("the model has no layers");
    }
    String name = bare ? "sequential" : model.object("config").text("name", "sequential");
    Reference first = new Reference(layers.get(0).name(), 0, 0);
    Reference last = new Reference(layers.get(layers.size() - 1).name(), 0, 0);
    return checked(model, new Architecture(name, chained(layers), List.of(first), List.of(last)));
  }

  private static List<Layer> chained(List<Layer> layers) {
    List<Layer> chain = new ArrayList<>();
    for (Layer layer : layers) {
      List<Call> calls =
          chain.isEmpty()
              ? List.of()
              : List.of(Call.of(new Reference(chain.get(chain.size() - 1).name(), 0, 0)));
      chain.add(new Layer(layer.name(), layer.kind(), layer.keras(), layer.config(), calls));
    }
    return chain;
  }

  /** Up to Keras 2 the first layer, since Keras 3 the model, may say what the input is. */
  private static Layer madeUpInput(Config model, Layer first) {
    Config config =
        first.kind().equals("Bidirectional") && !first.config().has("batch_input_shape")
            ? first.config().object("layer").object("config")
            : first.config();
    Object shape =
        config
            .find("batch_input_shape")
            .or(() -> buildShape(model))
            .orElseThrow(() -> first.config().error("'batch_input_shape' is missing"));
    String name = first.name() + "_input";
    Map<String, Object> fields = new LinkedHashMap<>(Map.of("batch_input_shape", shape));
    Config input = new Config(model.where() + ": layer '" + name + "'", fields);
    return new Layer(name, INPUT, first.keras(), input, List.of());
  }

  private static java.util.Optional<Object> buildShape(Config model) {
    return model.get("config") instanceof Map
        ? model.object("config").find("build_input_shape")
        : java.util.Optional.empty();
  }

  private static Architecture functional(Config model, int keras) {
    Config config = model.object("config");
    List<Layer> layers = new ArrayList<>();
    for (Object entry : config.list("layers")) {
      Config fields = Config.of(model.where(), entry);
      Layer bare = known(Layer.of(fields, keras));
      List<Call> calls = Calls.read(bare, fields.list("inbound_nodes"));
      layers.add(new Layer(bare.name(), bare.kind(), keras, bare.config(), calls));
    }
    return checked(
        model,
        new Architecture(
            config.text("name", "model"),
            List.copyOf(layers),
            Calls.references(config, "input_layers"),
            Calls.references(config, "output_layers")));
  }

  private static Layer known(Layer layer) {
    Layers.requireKnown(layer);
    return layer;
  }

  private static Architecture checked(Config model, Architecture architecture) {
    Map<String, Layer> byName = new LinkedHashMap<>();
    for (Layer layer : architecture.layers()) {
      if (byName.put(layer.name(), layer) != null) {
        throw model.error("two layers are called '" + Config.shown(layer.name()) + "'");
      }
    }
    for (Reference input : architecture.inputs()) {
      Layer layer = byName.get(input.layer());
      if (layer == null || !layer.kind().equals(INPUT)) {
        throw model.error("input '" + Config.shown(input.layer()) + "' is no InputLayer");
      }
    }
    return architecture;
  }

  /** The layer of that name. */
  Layer layer(String name) {
    return layers.stream()
        .filter(layer -> layer.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new ModelFormatException("no layer '" + Config.shown(name) + "'"));
  }
}
