package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.InputException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A network whose LSTM layers take their initial states from entries of their own, so that whoever
 * owns those can continue sequences where they stopped.
 *
 * @param graph the network, with an entry of {@link Graph.Default#STATE} for each state
 * @param batch the axis that counts sequences, the same for all layers
 * @param states h and c of each layer, in the order of the layers
 */
public record StreamingGraph(Graph graph, Dim batch, List<State> states) {
  /**
   * One of the states of a layer.
   *
   * @param name LAYER.h or LAYER.c, unique within the network
   * @param initial the entry, of as many elements as {@code last}
   * @param last what the layer leaves: [1, B, width] or [B, 1, width]
   * @param width elements for each sequence
   */
  public record State(String name, Value initial, Value last, int width) {}

  /** Copies. */
  public StreamingGraph {
    states = List.copyOf(states);
  }

  /**
   * Gives each layer's states an entry. Optional inputs that were there for initial states alone
   * are no inputs any more.
   *
   * @throws InputException when the network cannot be cut in time
   */
  public static StreamingGraph of(Graph graph) {
    List<Lstm> layers = graph.lstms().toList();
    if (layers.isEmpty()) {
      throw new InputException(graph.name() + ": has no LSTM layer, so a stream has no state");
    }
    Dim batch = layers.get(0).batch();
    Map<String, Stage> writers = new HashMap<>();
    graph.steps().forEach(stage -> stage.outputs().forEach(y -> writers.put(y.name(), stage)));
    for (Lstm layer : layers) {
      requireStreamable(layer);
      if (!layer.batch().equals(batch)) {
        throw new InputException(
            "LSTM " + layer.name() + ": its batch is " + layer.batch() + ", another's " + batch);
      }
      layer.initialH().ifPresent(h -> requireZeros(graph, layer, h, writers));
      layer.initialC().ifPresent(c -> requireZeros(graph, layer, c, writers));
    }
    return rewrite(graph, batch);
  }

  private static void requireStreamable(Lstm layer) {
    if (layer.directions().size() > 1 || layer.directions().get(0).reverse()) {
      throw new InputException(
          "LSTM "
              + layer.name()
              + ": runs from a sequence's end, which a stream does not know; use Session.run");
    }
    if (layer.mask().isPresent()) {
      throw new InputException(
          "LSTM "
              + layer.name()
              + ": is masked, and a stream does not keep the output that a masked step repeats; use"
              + " Session.run");
    }
  }

  /** Zeros, or moved about from inputs that are zeros unless given. */
  private static void requireZeros(
      Graph graph, Lstm layer, Value state, Map<String, Stage> writers) {
    Stage writer = writers.get(state.name());
    boolean zeros;
    if (writer == null) {
      zeros =
          graph.entries().stream()
              .anyMatch(e -> e.value().equals(state) && e.fallback() == Graph.Default.ZEROS);
    } else if (writer instanceof Constant constant) {
      zeros = isZero(constant);
    } else {
      zeros = moves(writer);
    }
    if (!zeros) {
      throw new InputException(
          "LSTM "
              + layer.name()
              + ": its initial state is "
              + state
              + ", which a stream would have to ask for at each call; export the model without"
              + " state inputs, or use Session.run");
    }
    if (writer != null) {
      writer.inputs().forEach(x -> requireZeros(graph, layer, x, writers));
    }
  }

  private static boolean moves(Stage stage) {
    return stage instanceof Slice
        || stage instanceof Transpose
        || stage instanceof Reshape
        || stage instanceof Concat
        || stage instanceof Expand;
  }

  private static boolean isZero(Constant constant) {
    for (int k = 0; k < constant.data().size(); k++) {
      if (constant.data().bytes().asIntBuffer().get(k) != 0) {
        return false;
      }
    }
    return true;
  }

  private static StreamingGraph rewrite(Graph graph, Dim batch) {
    Set<String> names = new HashSet<>();
    graph.entries().forEach(entry -> names.add(entry.value().name()));
    graph.steps().forEach(stage -> stage.outputs().forEach(y -> names.add(y.name())));
    List<State> states = new ArrayList<>();
    List<Stage> steps = new ArrayList<>();
    for (Stage stage : graph.steps()) {
      if (stage instanceof Lstm layer) {
        String name = unusedName(layer.name(), states);
        State h = state(name + ".h", layer.finalH(), layer.outputSize(), names);
        State c = state(name + ".c", layer.finalC(), layer.hiddenSize(), names);
        states.addAll(List.of(h, c));
        steps.add(layer.withInitial(Optional.of(h.initial()), Optional.of(c.initial())));
      } else {
        steps.add(stage);
      }
    }
    return new StreamingGraph(prune(graph, steps, states), batch, states);
  }

  private static String unusedName(String name, List<State> states) {
    String unused = name;
    for (int n = 2; uses(states, unused + ".h"); n++) {
      unused = name + "#" + n;
    }
    return unused;
  }

  private static boolean uses(List<State> states, String name) {
    return states.stream().anyMatch(state -> state.name().equals(name));
  }

  private static State state(String name, Value last, int width, Set<String> names) {
    String entry = name + ".live";
    while (!names.add(entry)) {
      entry += "#";
    }
    return new State(name, new Value(entry, last.type(), last.shape()), last, width);
  }

  /** Leaves out what only made initial states. */
  private static Graph prune(Graph graph, List<Stage> steps, List<State> states) {
    Set<String> read = new HashSet<>();
    graph.results().forEach(result -> read.add(result.value().name()));
    List<Stage> kept = new ArrayList<>();
    for (int k = steps.size() - 1; k >= 0; k--) {
      Stage stage = steps.get(k);
      if (stage instanceof Lstm
          || stage.outputs().stream().anyMatch(y -> read.contains(y.name()))) {
        kept.add(0, stage);
        stage.inputs().forEach(x -> read.add(x.name()));
      }
    }
    List<Graph.Entry> entries = new ArrayList<>();
    for (Graph.Entry entry : graph.entries()) {
      if (entry.fallback() != Graph.Default.ZEROS || read.contains(entry.value().name())) {
        entries.add(entry);
      }
    }
    states.forEach(state -> entries.add(new Graph.Entry(state.initial(), Graph.Default.STATE)));
    return new Graph(graph.name(), graph.format(), entries, kept, graph.results());
  }
}
