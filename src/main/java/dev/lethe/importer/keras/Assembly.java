package dev.lethe.importer.keras;

import dev.lethe.Dim;
import dev.lethe.ModelFormatException;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.importer.keras.Layer.Call;
import dev.lethe.importer.keras.Layer.Reference;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Calls the layers of a model one after another, each once all that it reads is there. */
final class Assembly {
  private final Architecture model;
  private final ModelWeights weights;
  private final boolean oneTime;
  private final GraphBuilder builder = new GraphBuilder();
  private final Map<Reference, Signal> signals = new HashMap<>();
  private final Map<String, Value> states = new LinkedHashMap<>();
  private final Masks masks = new Masks(builder);
  private int times;

  /**
   * Prepares.
   *
   * @param oneTime whether the open lengths of all inputs are one size, or each its own
   */
  Assembly(Architecture model, ModelWeights weights, boolean oneTime) {
    this.model = model;
    this.weights = weights;
    this.oneTime = oneTime;
  }

  /** How many open lengths of sequences the inputs have, each counted by itself. */
  int times() {
    return times;
  }

  /** The network; {@code where} and {@code format} are for people. */
  Graph build(String where, String format) {
    model.inputs().forEach(this::input);
    Set<Reference> done = new HashSet<>();
    boolean moves = true;
    while (moves) {
      moves = false;
      for (Layer layer : model.layers()) {
        for (int k = 0; k < layer.calls().size(); k++) {
          Call call = layer.calls().get(k);
          if (signals.keySet().containsAll(call.reads())
              && done.add(new Reference(layer.name(), k, 0))) {
            call(layer, k, call);
            moves = true;
          }
        }
      }
    }
    return outputs(where, format);
  }

  private void call(Layer layer, int number, Call call) {
    List<Signal> inputs = new ArrayList<>();
    for (Reference reference : call.inputs()) {
      inputs.add(Objects.requireNonNull(signals.get(reference)));
    }
    if (call.mask().isPresent()) {
      Value mask = Objects.requireNonNull(signals.get(call.mask().get())).value();
      inputs.set(0, new Signal(inputs.get(0).value(), Optional.of(mask)));
    }
    Use use = new Use(layer, weights.of(layer), builder, inputs, call.numbers(), masks, states);
    List<Signal> outputs = Layers.run(use);
    for (int k = 0; k < outputs.size(); k++) {
      signals.put(new Reference(layer.name(), number, k), outputs.get(k));
    }
  }

  private void input(Reference reference) {
    Layer layer = model.layer(reference.layer());
    Config config = layer.config();
    List<Object> lengths =
        config.has("batch_shape") ? config.list("batch_shape") : config.list("batch_input_shape");
    List<Dim> dims = new ArrayList<>(List.of(Dim.symbol("batch")));
    for (int axis = 1; axis < lengths.size(); axis++) {
      Object length = lengths.get(axis);
      dims.add(length == Config.NULL ? open(axis) : Dim.of(Config.size(layer.where(), length)));
    }
    boolean ids = isIds(layer);
    Value value =
        builder.input(layer.name(), ids ? Tensor.Type.INT32 : Tensor.Type.FLOAT32, new Shape(dims));
    signals.put(reference, Signal.of(value));
  }

  private Dim open(int axis) {
    if (axis > 1) {
      return Dim.symbol("size_" + axis);
    }
    times++;
    return Dim.symbol(oneTime || times == 1 ? "time" : "time_" + times);
  }

  /** Keras leaves ids as floats where nothing else is said, so what counts is who reads them. */
  private boolean isIds(Layer input) {
    return model.layers().stream()
        .filter(layer -> layer.kind().equals("Embedding"))
        .flatMap(layer -> layer.calls().stream())
        .flatMap(call -> call.inputs().stream())
        .anyMatch(reference -> reference.layer().equals(input.name()));
  }

  private Graph outputs(String where, String format) {
    Map<String, Integer> seen = new HashMap<>();
    for (Reference reference : model.outputs()) {
      Signal signal = signals.get(reference);
      if (signal == null) {
        throw new ModelFormatException(
            where
                + ": nothing makes output "
                + reference.output()
                + " of layer '"
                + Config.shown(reference.layer())
                + "'");
      }
      int n = seen.merge(reference.layer(), 1, Integer::sum);
      builder.output(n == 1 ? reference.layer() : reference.layer() + "_" + n, signal.value());
    }
    states.forEach(builder::output);
    return builder.build(model.name(), format);
  }
}
