package dev.lethe.importer.keras;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A layer as the configuration has it.
 *
 * @param name unique in the model
 * @param kind the class, without its package
 * @param keras the version of Keras that wrote it, 100 * major + minor
 * @param config its settings
 * @param calls what each call of the layer reads; empty in a Sequential model
 */
record Layer(String name, String kind, int keras, Config config, List<Call> calls) {
  /**
   * One use of a layer.
   *
   * @param inputs tensors in order, an LSTM's initial states after its input
   * @param mask the mask of the first input where the call names one, as Keras 3 does
   * @param numbers that the call has beside tensors
   */
  record Call(List<Reference> inputs, Optional<Reference> mask, List<Double> numbers) {
    static Call of(Reference input) {
      return new Call(List.of(input), Optional.empty(), List.of());
    }

    /** All that must be there before. */
    List<Reference> reads() {
      return Stream.concat(inputs.stream(), mask.stream()).toList();
    }
  }

  /**
   * A tensor: what a call of a layer wrote.
   *
   * @param layer its name
   * @param call which, from 0
   * @param output which of its outputs, from 0
   */
  record Reference(String layer, int call, int output) {}

  /**
   * A layer inside another.
   *
   * @param fields {@code class_name} and {@code config}
   */
  static Layer of(Config fields, int keras) {
    return of(fields, keras, List.of());
  }

  static Layer of(Config fields, int keras, List<Call> calls) {
    String kind = fields.text("class_name");
    Config inner = KerasOne.renamed(fields.object("config"), kind, keras);
    String name = fields.text("name", inner.text("name", kind));
    refuseForeign(fields, name, kind);
    String file = fields.where().replaceFirst(": '.*", "");
    return new Layer(name, kind, keras, new Config(where(file, name, kind), inner.fields()), calls);
  }

  /** For messages. */
  String where() {
    return config.where();
  }

  private static String where(String file, String name, String kind) {
    return file + ": layer '" + Config.shown(name) + "' (" + Config.shown(kind) + ")";
  }

  /** A class of that name from elsewhere could do anything. */
  private static void refuseForeign(Config fields, String name, String kind) {
    String module = fields.text("module", "keras.layers");
    if (Masks.isOperation(module, kind)) {
      return;
    }
    String registered = fields.text("registered_name", kind);
    if (!module.matches("(tf_keras|tensorflow\\.keras|keras)(\\.src)?\\.layers(\\..*)?")
        || registered.contains(">")) {
      throw fields.error(
          "layer '"
              + Config.shown(name)
              + "' is the custom class "
              + Config.shown(module + "." + kind)
              + ", which Lethe does not run; it runs "
              + Layers.supported());
    }
  }
}
