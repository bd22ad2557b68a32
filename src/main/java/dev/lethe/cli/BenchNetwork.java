package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.LstmShape;
import dev.lethe.network.Stage;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * A network to be timed.
 *
 * @param name for people
 * @param source makes or returns it; large, so nobody keeps it longer than needed
 * @param sizes of its named sizes but for the batch
 * @param batches ascending
 */
record BenchNetwork(
    String name, Supplier<Graph> source, Map<String, Integer> sizes, List<Integer> batches) {
  private static final int LARGEST_BATCH = 1 << 14;

  /** How many times its weights a network takes while it is made and opened. */
  private static final double COPIES = 4;

  /** Shapes that differ in their batch alone are one network. */
  static List<BenchNetwork> of(List<LstmShape> shapes) {
    Map<LstmShape, SortedSet<Integer>> batches = new LinkedHashMap<>();
    for (LstmShape shape : shapes) {
      if (COPIES * Float.BYTES * shape.parameters() > Runtime.getRuntime().maxMemory()) {
        throw new InputException(
            "shape " + shape + ": too many weights for Java's memory; give it more with -Xmx");
      }
      batches.computeIfAbsent(single(shape), key -> new TreeSet<>()).add(shape.batch());
    }
    List<BenchNetwork> networks = new ArrayList<>();
    batches.forEach(
        (shape, each) ->
            networks.add(
                new BenchNetwork(
                    name(shape),
                    shape::network,
                    Map.of("time", shape.steps()),
                    List.copyOf(each))));
    return networks;
  }

  /**
   * A model, at batches in powers of two as far as memory goes.
   *
   * @param steps time steps, if given
   * @throws InputException when the model fixes its time steps and they are given nevertheless, or
   *     has no room for one sequence
   */
  static BenchNetwork of(Graph graph, Optional<Integer> steps) {
    Map<String, Integer> sizes = new TreeMap<>(MadeUpInputs.sizes(graph, steps));
    graph.batchSize().ifPresent(sizes::remove);
    String name =
        graph.name() + graph.timeSteps().map(time -> ", " + sizes.get(time) + " steps").orElse("");
    List<Integer> batches = new ArrayList<>();
    BenchNetwork network = new BenchNetwork(name, () -> graph, sizes, batches);
    if (graph.batchSize().isEmpty()) {
      batches.add(graph.lstms().findFirst().map(lstm -> lstm.batch().resolve(sizes)).orElse(1));
      return network;
    }
    for (int batch = 1; batch <= LARGEST_BATCH && fits(graph, network.sizes(graph, batch)); ) {
      batches.add(batch);
      batch *= 2;
    }
    if (batches.isEmpty()) {
      throw new InputException(
          name + ": no room for one sequence; give fewer --steps, or Java more memory with -Xmx");
    }
    return network;
  }

  /** Every named size. */
  Map<String, Integer> sizes(Graph graph, int batch) {
    Map<String, Integer> all = new TreeMap<>(sizes);
    graph.batchSize().ifPresent(symbol -> all.put(symbol, batch));
    return all;
  }

  /** Whether all values together take a quarter of Java's memory at most, and each below 2 GiB. */
  static boolean fits(Graph graph, Map<String, Integer> sizes) {
    double all = 0;
    double largest = 0;
    for (Graph.Entry entry : graph.entries()) {
      double bytes = bytes(entry.value(), sizes);
      all += bytes;
      largest = Math.max(largest, bytes);
    }
    for (Stage stage : graph.steps()) {
      for (Value value : stage.outputs()) {
        // an LSTM has four gates for each hidden value
        double bytes = bytes(value, sizes) * (stage instanceof Lstm ? 4 : 1);
        all += bytes;
        largest = Math.max(largest, bytes);
      }
    }
    return largest < Integer.MAX_VALUE && all <= Runtime.getRuntime().maxMemory() / 4.0;
  }

  private static double bytes(Value value, Map<String, Integer> sizes) {
    double bytes = Float.BYTES;
    for (int length : value.shape().resolve(sizes)) {
      bytes *= length;
    }
    return bytes;
  }

  private static LstmShape single(LstmShape shape) {
    return new LstmShape(
        shape.steps(),
        1,
        shape.inputSize(),
        shape.hiddenSize(),
        shape.layers(),
        shape.directions());
  }

  private static String name(LstmShape single) {
    return single.toString().replaceFirst("x1x", "xBx");
  }
}
