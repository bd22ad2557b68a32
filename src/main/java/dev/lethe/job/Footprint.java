package dev.lethe.job;

import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.network.Constant;
import dev.lethe.network.Graph;
import dev.lethe.network.Reshape;
import dev.lethe.network.Stage;
import dev.lethe.network.Value;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The memory that a chunk takes: the values of the network once, and the arrays that go in and come
 * out once for each chunk that is on its way.
 *
 * @param in inputs that are given
 * @param out outputs that are wanted
 * @param devices that compute at a time
 */
record Footprint(Graph graph, Axes axes, Set<String> in, Set<String> out, int devices) {

  /** So that a job has at least so many chunks, to be told about and to go on from... */
  private static final int CHUNKS = 32;

  /** ...but none for the sake of it below so many sequences, which would be slow. */
  private static final int FEW = 256;

  /** Chunks on their way: one is read, one written, and each device computes one. */
  static int slots(int devices) {
    return devices + 2;
  }

  /**
   * How many sequences make a chunk.
   *
   * @param sizes every named size; that of the batch is not looked at
   * @param budget bytes
   * @param all sequences as long as these
   * @return at least 1, even if that takes more than there is
   */
  int sequences(Map<String, Integer> sizes, long budget, long all) {
    Map<String, Integer> one = new LinkedHashMap<>(sizes);
    one.put(axes.batch(), 1);
    long values = 0;
    long largest = 1;
    for (Graph.Entry entry : graph.entries()) {
      values += bytes(entry.value(), one);
      largest = Math.max(largest, bytes(entry.value(), one));
    }
    for (Stage stage : graph.steps()) {
      if (!(stage instanceof Reshape) && !(stage instanceof Constant)) {
        for (Value value : stage.outputs()) {
          values += bytes(value, one);
          largest = Math.max(largest, bytes(value, one));
        }
      }
    }
    long bytes = devices * values;
    for (Port port : graph.inputs()) {
      bytes += in.contains(port.name()) ? slots(devices) * bytes(port, one) : 0;
    }
    for (Port port : graph.outputs()) {
      bytes += out.contains(port.name()) ? slots(devices) * bytes(port, one) : 0;
    }
    long most = Math.min(budget / bytes, Integer.MAX_VALUE / largest);
    most = Math.min(most, Math.max(FEW, (all + CHUNKS - 1) / CHUNKS));
    // whole tiles and whole work-groups, once there are enough of them
    return (int) Math.max(1, most > FEW ? most / 64 * 64 : most);
  }

  private static long bytes(Value value, Map<String, Integer> sizes) {
    return (long) Tensor.Type.BYTES * value.shape().count().resolve(sizes);
  }

  private static long bytes(Port port, Map<String, Integer> sizes) {
    return (long) Tensor.Type.BYTES * port.shape().count().resolve(sizes);
  }
}
