package dev.lethe.backend;

import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Where a traced run leaves what one direction of an LSTM layer computed.
 *
 * @param lstm the layer
 * @param direction which of its directions
 * @param name of the layer, unique within the graph
 * @param planes i, f, g, o and c, each [T, B, H]
 * @param h [T, B, P]
 */
public record GateTrace(Lstm lstm, int direction, String name, List<Tensor> planes, Tensor h) {
  /** Number of {@link #planes()}. */
  public static final int PLANES = 5;

  /** One for each direction of each layer, all zeros. */
  static List<GateTrace> of(Graph graph, Map<String, Integer> sizes) {
    List<GateTrace> traces = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Lstm lstm : graph.lstms().toList()) {
      String name = unique(lstm.name(), names);
      int steps = lstm.time().resolve(sizes);
      int sequences = lstm.batch().resolve(sizes);
      for (int d = 0; d < lstm.directions().size(); d++) {
        List<Tensor> planes =
            IntStream.range(0, PLANES)
                .mapToObj(k -> floats(steps, sequences, lstm.hiddenSize()))
                .toList();
        Tensor h = floats(steps, sequences, lstm.outputSize());
        traces.add(new GateTrace(lstm, d, name, planes, h));
      }
    }
    return traces;
  }

  /** Those of one layer, by direction. */
  public static List<GateTrace> of(List<GateTrace> all, Lstm lstm) {
    return all.stream().filter(trace -> trace.lstm().equals(lstm)).toList();
  }

  /** Number of time steps T. */
  public int steps() {
    return h.dimension(0);
  }

  /** Number of sequences B. */
  public int sequences() {
    return h.dimension(1);
  }

  /**
   * Takes h out of what the layer wrote for all directions.
   *
   * @param y as {@link Lstm#y()}
   */
  public void hidden(FloatBuffer y) {
    Lstm.Strides strides = lstm.yStrides(steps(), sequences());
    FloatBuffer target = h.floats();
    int width = lstm.outputSize();
    for (int t = 0; t < steps(); t++) {
      for (int b = 0; b < sequences(); b++) {
        int at = t * strides.time() + direction * strides.direction() + b * strides.batch();
        target.put(target.position(), y, at, width).position(target.position() + width);
      }
    }
  }

  /** What the caller sees. */
  Trace.Layer layer() {
    return new Trace.Layer(
        name,
        lstm.directions().get(direction).reverse(),
        planes.get(0),
        planes.get(1),
        planes.get(2),
        planes.get(3),
        planes.get(4),
        h);
  }

  private static Tensor floats(int... shape) {
    return Tensor.allocate(Tensor.Type.FLOAT32, shape);
  }

  private static String unique(String name, Set<String> names) {
    String unique = name;
    for (int n = 2; !names.add(unique); n++) {
      unique = name + "#" + n;
    }
    return unique;
  }
}
