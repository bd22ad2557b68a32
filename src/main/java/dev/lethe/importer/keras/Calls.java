package dev.lethe.importer.keras;

import dev.lethe.importer.keras.Layer.Call;
import dev.lethe.importer.keras.Layer.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What each call of a layer reads. Up to Keras 2 a tensor is {@code [layer, call, output, keyword
 * arguments]}; in Keras 3 it is an object with {@code keras_history}, and a call has {@code args}
 * and {@code kwargs}.
 */
final class Calls {
  /** Keyword arguments that say nothing when they are false or null. */
  private static final Set<String> HARMLESS = Set.of("training", "mask");

  private final Layer layer;
  private final List<Reference> inputs = new ArrayList<>();
  private final List<Double> numbers = new ArrayList<>();
  private Optional<Reference> mask = Optional.empty();

  private Calls(Layer layer) {
    this.layer = layer;
  }

  /** The calls of one layer. */
  static List<Call> read(Layer layer, List<Object> nodes) {
    List<Call> calls = new ArrayList<>();
    for (Object node : nodes) {
      Calls call = new Calls(layer);
      if (node instanceof Map) {
        Config fields = Config.of(layer.where(), node);
        call.collect(fields.get("args"));
        call.keywords(fields.object("kwargs"));
      } else {
        call.collect(node);
      }
      if (call.inputs.isEmpty()) {
        throw layer.config().error("a call of it reads nothing");
      }
      if (!call.numbers.isEmpty() && !layer.kind().equals("NotEqual")) {
        throw layer.config().error("is called with the numbers " + call.numbers);
      }
      calls.add(new Call(List.copyOf(call.inputs), call.mask, List.copyOf(call.numbers)));
    }
    return List.copyOf(calls);
  }

  /** The model's inputs or outputs: one tensor or a list of them. */
  static List<Reference> references(Config config, String key) {
    List<Object> list = config.list(key);
    List<Reference> references = new ArrayList<>();
    for (Object item : isReference(list) ? List.<Object>of(list) : list) {
      if (!(item instanceof List<?> triple) || !isReference(triple)) {
        throw config.error("'" + key + "' must list [layer, call, output]");
      }
      references.add(reference(config, triple));
    }
    return List.copyOf(references);
  }

  private void collect(Object value) {
    if (value instanceof List<?> list && isReference(list)) {
      inputs.add(reference(layer.config(), list));
      if (list.size() > 3) {
        keywords(Config.of(layer.where(), list.get(3)));
      }
    } else if (value instanceof List<?> list) {
      list.forEach(this::collect);
    } else if (value instanceof Map) {
      inputs.add(tensor(value));
    } else if (value instanceof Number number) {
      numbers.add(number.doubleValue());
    } else {
      throw layer.config().error("is called with " + Config.shown(value) + ", no tensor");
    }
  }

  private Reference tensor(Object value) {
    Config tensor = Config.of(layer.where(), value);
    if (!tensor.text("class_name", "").equals("__keras_tensor__")) {
      throw layer.config().error("is called with " + Config.shown(value) + ", no tensor");
    }
    return reference(tensor, tensor.object("config").list("keras_history"));
  }

  private void keywords(Config keywords) {
    for (Map.Entry<String, Object> entry : keywords.fields().entrySet()) {
      Object value = entry.getValue();
      boolean off = value == Config.NULL || Boolean.FALSE.equals(value);
      if (entry.getKey().equals("initial_state") && value != Config.NULL) {
        collect(value);
      } else if (entry.getKey().equals("mask") && value instanceof Map) {
        mask = Optional.of(tensor(value));
      } else if (!(off && HARMLESS.contains(entry.getKey())) && value != Config.NULL) {
        throw layer
            .config()
            .error(
                "is called with "
                    + Config.shown(entry.getKey())
                    + "="
                    + Config.shown(value)
                    + ", which Lethe does not run");
      }
    }
  }

  private static boolean isReference(List<?> list) {
    return list.size() >= 3
        && list.get(0) instanceof String
        && list.get(1) instanceof Number
        && list.get(2) instanceof Number;
  }

  private static Reference reference(Config config, List<?> list) {
    if (!isReference(list)) {
      throw config.error("a tensor must be [layer, call, output], is " + Config.shown(list));
    }
    return new Reference(
        (String) list.get(0),
        Config.integer(config.where(), list.get(1)),
        Config.integer(config.where(), list.get(2)));
  }
}
