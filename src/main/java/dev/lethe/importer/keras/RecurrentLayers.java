package dev.lethe.importer.keras;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Binary;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** LSTM, CuDNNLSTM and Bidirectional: x [B, T, I]. */
final class RecurrentLayers {
  private static final Set<String> KINDS = Set.of("LSTM", "CuDNNLSTM");

  private RecurrentLayers() {}

  /** What comes in and goes out beside the sequence. */
  private record States(Optional<Value> h, Optional<Value> c) {}

  /**
   * Outputs the last h [B, H], or with return_sequences all [B, T, H], in the order of processing;
   * with return_state h and c [B, H] as well.
   */
  static List<Signal> lstm(Use use) {
    Layer layer = use.layer();
    boolean backwards = layer.config().flag("go_backwards", false);
    Value x = sequence(use);
    Cell cell = LstmWeights.cell(layer, use.weights(), use.features(x));
    GraphBuilder.LstmOutputs outputs =
        run(use, layer.config(), List.of(new Lstm.Direction(backwards, cell)), x);
    Value h = part(use, outputs.finalH(), 0, 1);
    List<Signal> signals = new ArrayList<>();
    if (layer.config().flag("return_sequences", false)) {
      signals.add(use.input().with(processed(use, outputs.y(), backwards)));
    } else {
      signals.add(Signal.of(h));
    }
    if (layer.config().flag("return_state", false)) {
      signals.add(Signal.of(h));
      signals.add(Signal.of(part(use, outputs.finalC(), 0, 1)));
    }
    return signals;
  }

  /** All steps in the order of processing, which Keras leaves as it is, the mask too. */
  private static Value processed(Use use, Value y, boolean backwards) {
    return backwards ? use.builder().slice(use.name() + ".y", y, 1, -1, -1, y.shape().dim(1)) : y;
  }

  /** The two directions, merged; with return_state the states of both. */
  static List<Signal> bidirectional(Use use) {
    Layer forward = Layer.of(use.config().object("layer"), use.layer().keras());
    Layer backward =
        use.config().has("backward_layer")
            ? Layer.of(use.config().object("backward_layer"), use.layer().keras())
            : forward;
    checkDirections(use, forward, backward);
    Value x = sequence(use);
    LayerWeights second = use.weights().part("backward_layer", LstmWeights.count(forward));
    List<Lstm.Direction> directions =
        List.of(
            direction(use, false, forward, use.weights().part("forward_layer", 0)),
            direction(use, true, backward, second));
    GraphBuilder.LstmOutputs outputs = run(use, forward.config(), directions, x);
    int width = 2 * directions.get(0).cell().outputSize();
    Shape flat = Shape.of(x.shape().dim(0), Dim.of(width));
    boolean sequences = forward.config().flag("return_sequences", false);
    Value both =
        sequences ? outputs.y() : use.builder().reshape(use.name(), outputs.finalH(), flat);
    Value y = merged(use, sequences ? shown(use, both) : both);
    List<Signal> signals = new ArrayList<>();
    signals.add(sequences ? use.input().with(y) : Signal.of(y));
    if (forward.config().flag("return_state", false)) {
      for (int d = 0; d < 2; d++) {
        signals.add(Signal.of(part(use, outputs.finalH(), d, 2)));
        signals.add(Signal.of(part(use, outputs.finalC(), d, 2)));
      }
    }
    return signals;
  }

  private static void checkDirections(Use use, Layer forward, Layer backward) {
    for (Layer layer : List.of(forward, backward)) {
      if (!KINDS.contains(layer.kind())) {
        throw use.error("wraps " + Config.shown(layer.kind()) + "; Lethe runs one around " + KINDS);
      }
    }
    if (forward.config().flag("go_backwards", false)) {
      throw use.error("wraps a layer that goes backwards itself, which Lethe does not run");
    }
    for (String key : List.of("return_sequences", "return_state", "stateful")) {
      if (forward.config().flag(key, false) != backward.config().flag(key, false)) {
        throw use.error("its directions differ in " + key);
      }
    }
  }

  private static Lstm.Direction direction(
      Use use, boolean reverse, Layer layer, LayerWeights weights) {
    return new Lstm.Direction(
        reverse, LstmWeights.cell(layer, weights, use.features(use.input().value())));
  }

  private static Value merged(Use use, Value both) {
    String mode = use.config().find("merge_mode").map(String::valueOf).orElse("None");
    GraphBuilder builder = use.builder();
    return switch (mode) {
      case "concat" -> both;
      case "sum" -> halves(use, both, Binary.Operation.ADD);
      case "mul" -> halves(use, both, Binary.Operation.MULTIPLY);
      case "ave" -> {
        Value sum = halves(use, both, Binary.Operation.ADD);
        ActivationFunction half = new ActivationFunction(ActivationFunction.Kind.AFFINE, 0.5f, 0);
        yield builder.activation(use.name(), half, sum);
      }
      default ->
          throw use.error(
              "has the merge_mode " + Config.shown(mode) + "; Lethe runs concat, sum, mul and ave");
    };
  }

  private static Value halves(Use use, Value both, Binary.Operation operation) {
    int axis = both.shape().rank() - 1;
    long width = both.shape().dim(axis).factor() / 2;
    Value forward = use.builder().slice(use.name(), both, axis, 0, 1, Dim.of(width));
    Value backward = use.builder().slice(use.name(), both, axis, width, 1, Dim.of(width));
    return use.builder().binary(use.name(), operation, forward, backward);
  }

  /** The first input, [B, T, I]. */
  private static Value sequence(Use use) {
    Value x = use.input().value();
    if (x.shape().rank() != 3 || x.type() != Tensor.Type.FLOAT32) {
      throw use.error("takes sequences [batch, time, features], has " + x.shape());
    }
    return x;
  }

  private static GraphBuilder.LstmOutputs run(
      Use use, Config config, List<Lstm.Direction> directions, Value x) {
    int count = directions.size();
    Shape shape =
        Lstm.stateShape(
            Lstm.StateLayout.BATCH_DIRECTION,
            count,
            x.shape().dim(0),
            directions.get(0).cell().hiddenSize());
    boolean stateful = config.flag("stateful", false);
    Optional<Value> mask = use.input().mask();
    checkMask(use, config, stateful);
    States initial = stateful ? stateful(use, shape) : given(use, count, shape);
    GraphBuilder.LstmOutputs outputs =
        use.builder()
            .lstm(
                use.name(),
                Layouts.ONNX_BATCH_MAJOR,
                directions,
                x,
                Optional.empty(),
                mask,
                initial.h(),
                initial.c());
    if (stateful) {
      use.states().put(use.name() + ".final_h", outputs.finalH());
      use.states().put(use.name() + ".final_c", outputs.finalC());
    }
    return outputs;
  }

  /** Bidirectional shows zeros at the steps that it skips, in Keras' versions since 2.4. */
  private static Value shown(Use use, Value both) {
    if (use.input().mask().isPresent() && use.layer().keras() < 204) {
      throw use.error(
          "has a masked input in a model of Keras before 2.4, which Lethe does not run");
    }
    return use.input().mask().map(mask -> Masks.zeroed(use, both, mask)).orElse(both);
  }

  /** With initial states, Keras gives 0 for a sequence of which no step counts, and Lethe h. */
  private static void checkMask(Use use, Config config, boolean stateful) {
    if (use.input().mask().isEmpty()) {
      return;
    }
    boolean both = use.layer().kind().equals("Bidirectional");
    boolean sequences = config.flag("return_sequences", false);
    if (config.flag("zero_output_for_mask", false) && !(both && sequences)) {
      throw use.error("has zero_output_for_mask, which Lethe does not run");
    }
    boolean begins = stateful || use.inputs().size() > 1;
    if (begins && !sequences) {
      throw use.error(
          "has a masked input, initial states and no return_sequences, which Lethe does not run");
    }
  }

  /** A stateful layer begins where the caller says, with zeros otherwise. */
  private static States stateful(Use use, Shape shape) {
    if (use.inputs().size() > 1) {
      throw use.error("is stateful and has initial states too, which Lethe does not run");
    }
    return new States(
        Optional.of(state(use, ".initial_h", shape)), Optional.of(state(use, ".initial_c", shape)));
  }

  private static Value state(Use use, String suffix, Shape shape) {
    return use.builder()
        .input(use.name() + suffix, Tensor.Type.FLOAT32, shape, Graph.Default.ZEROS);
  }

  /** Initial states from other layers: h, c; or those of the forward direction, then the other. */
  private static States given(Use use, int directions, Shape shape) {
    List<Signal> inputs = use.inputs();
    if (inputs.size() == 1) {
      return new States(Optional.empty(), Optional.empty());
    }
    if (inputs.size() != 1 + 2 * directions) {
      throw use.error("needs " + 2 * directions + " initial states, has " + (inputs.size() - 1));
    }
    return new States(
        Optional.of(stacked(use, directions, 1, shape)),
        Optional.of(stacked(use, directions, 2, shape)));
  }

  private static Value stacked(Use use, int directions, int first, Shape shape) {
    List<Value> states = new ArrayList<>();
    for (int d = 0; d < directions; d++) {
      states.add(use.inputs().get(first + 2 * d).value());
    }
    String name = use.name() + ".initial";
    Value all = directions == 1 ? states.get(0) : use.builder().concat(name, 1, states);
    return use.builder().reshape(name, all, shape);
  }

  /** One direction's state [B, H] of [B, D, H]. */
  private static Value part(Use use, Value states, int direction, int directions) {
    Value one =
        directions == 1
            ? states
            : use.builder().slice(use.name() + ".state", states, 1, direction, 1, Dim.of(1));
    Shape shape = Shape.of(states.shape().dim(0), states.shape().dim(2));
    return use.builder().reshape(use.name() + ".state", one, shape);
  }
}
