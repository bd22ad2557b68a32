package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.Reshape;
import dev.lethe.network.Stage;
import dev.lethe.network.Value;
import java.util.HashMap;
import java.util.Map;

/**
 * The device memory of every value of a graph, which only ever grows. Owns it. A reshaped value is
 * its source.
 */
final class Values implements AutoCloseable {
  private final Context context;
  private final Map<String, String> source = new HashMap<>();
  private final Map<String, Buffer> buffers = new HashMap<>();
  private final Map<String, RunOrder> orders = new HashMap<>();

  Values(Context context, Graph graph) {
    this.context = context;
    for (Stage stage : graph.steps()) {
      if (stage instanceof Reshape reshape) {
        source.put(reshape.y().name(), root(reshape.x().name()));
      }
    }
  }

  /** Makes room for every value. */
  void allocate(Graph graph, Map<String, Integer> sizes) {
    graph.entries().forEach(entry -> ensure(entry.value(), sizes));
    graph.steps().forEach(stage -> stage.outputs().forEach(value -> ensure(value, sizes)));
  }

  /** Where a value is. */
  Buffer of(Value value) {
    return named(value.name());
  }

  /** Whether two values are the same memory, one being the other reshaped. */
  boolean same(Value a, Value b) {
    return root(a.name()).equals(root(b.name()));
  }

  /** Where the value of this name is. */
  Buffer named(String name) {
    Buffer buffer = buffers.get(root(name));
    if (buffer == null) {
      throw new IllegalStateException("no memory for " + name);
    }
    return buffer;
  }

  /**
   * A buffer of at least {@code bytes} that is no value's; one for each name, shared by whoever
   * asks for it.
   */
  Buffer scratch(String name, long bytes) {
    return grow("scratch " + name, bytes);
  }

  /** The order in which a layer's sequences run; layers with the same lengths share one. */
  RunOrder order(Lstm layer, int steps, int sequences) {
    String lengths = layer.lengths().map(Value::name).orElse(RunOrder.FULL);
    return orders.computeIfAbsent(
        lengths + " " + steps + " " + sequences,
        key -> new RunOrder(context, lengths, steps, sequences));
  }

  /** Uploads the orders for the lengths of this run, where they are not there already. */
  void update(Map<String, Tensor> given) {
    orders.values().forEach(order -> order.update(given));
  }

  /** Forgets the orders of former sizes. */
  void forgetOrders() {
    orders.values().forEach(RunOrder::close);
    orders.clear();
  }

  private void ensure(Value value, Map<String, Integer> sizes) {
    if (!source.containsKey(value.name())) {
      grow(value.name(), (long) value.shape().count().resolve(sizes) * Tensor.Type.BYTES);
    }
  }

  private Buffer grow(String name, long bytes) {
    Buffer old = buffers.get(name);
    if (old != null && old.bytes() >= bytes) {
      return old;
    }
    if (old != null) {
      context.finish();
      buffers.remove(name);
      old.close();
    }
    Buffer buffer = context.allocate(name, bytes);
    buffers.put(name, buffer);
    return buffer;
  }

  private String root(String name) {
    return source.getOrDefault(name, name);
  }

  @Override
  public void close() {
    forgetOrders();
    buffers.values().forEach(Buffer::close);
    buffers.clear();
  }
}
