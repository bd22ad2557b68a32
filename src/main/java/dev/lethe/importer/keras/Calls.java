package dev.lethe.importer.keras;

import dev.lethe.importer.keras.Layer.Call;
import dev.lethe.importer.keras.Layer.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What each call of a layer reads. Up to Keras 2 a tensor is {@code [layer, call, output, keyword
 * arguments]}; in Keras 3 it is an object with {@code keras_history}, and a call has {@code args}
 * and {@code kwargs}.
 */
final class Calls {
  /** Keyword arguments that say nothing when they are false or null. */
  private static final Set<String> HARMLESS = Set.of("training", "mask");

  private Calls() {}

  /** The calls of one layer. */
  static List<Call> read(Layer layer, List<Object> nodes) {
    List<Call> calls = new ArrayList<>();
    for (Object node : nodes) {
      List<Reference> inputs = new ArrayList<>();
      if (node instanceof Map) {
        Config call = Config.of(layer.where(), node);
        collect(layer, call.get("args"), inputs);
        keywords(layer, call.object("kwargs"), inputs);
      } else {
        collect(layer, node, inputs);
      }
      if (inputs.isEmpty()) {
        throw layer.config().error("a call of it reads nothing");
      }
      calls.add(new Call(List.copyOf(inputs)));
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

  private static void collect(Layer layer, Object value, List<Reference> into) {
    if (value instanceof List<?> list && isReference(list)) {
      into.add(reference(layer.config(), list));
      if (list.size() > 3) {
        keywords(layer, Config.of(layer.where(), list.get(3)), into);
      }
    } else if (value instanceof List<?> list) {
      list.forEach(item -> collect(layer, item, into));
    } else if (value instanceof Map) {
      Config tensor = Config.of(layer.where(), value);
      if (!tensor.text("class_name", "").equals("__keras_tensor__")) {
        throw layer.config().error("is called with " + Config.shown(value) + ", no tensor");
      }
      into.add(reference(tensor, tensor.object("config").list("keras_history")));
    } else {
      throw layer.config().error("is called with " + Config.shown(value) + ", no tensor");
    }
  }

  private static void keywords(Layer layer, Config keywords, List<Reference> into) {
    for (Map.Entry<String, Object> entry : keywords.fields().entrySet()) {
      Object value = entry.getValue();
      boolean off = value == Config.NULL || Boolean.FALSE.equals(value);
      if (entry.getKey().equals("initial_state") && value != Config.NULL) {
        collect(layer, value, into);
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
