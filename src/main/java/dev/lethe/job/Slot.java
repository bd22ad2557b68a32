package dev.lethe.job;

import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A chunk on its way: its arrays, in memory that the next chunk uses again. In the hands of one
 * thread at a time.
 */
final class Slot {
  final Map<String, Tensor> inputs = new LinkedHashMap<>();
  final Map<String, Tensor> outputs = new LinkedHashMap<>();
  private final Map<String, ByteBuffer> memory = new HashMap<>();
  private int first;
  private int count;

  /** First place in the order of the work. */
  int first() {
    return first;
  }

  /** Number of sequences. */
  int count() {
    return count;
  }

  /** Begins another chunk; its arrays are still to be made. */
  void begin(int newFirst, int newCount) {
    first = newFirst;
    count = newCount;
    inputs.clear();
    outputs.clear();
  }

  /** An input's array; contents undefined. */
  Tensor input(String name, Tensor.Type type, int... shape) {
    return inputs.computeIfAbsent(name, key -> tensor("i" + name, type, shape));
  }

  /** An output's array; contents undefined. */
  Tensor output(String name, Tensor.Type type, int... shape) {
    return outputs.computeIfAbsent(name, key -> tensor("o" + name, type, shape));
  }

  /** An output's array that was made for this chunk. */
  Tensor output(String name) {
    return Objects.requireNonNull(outputs.get(name), name);
  }

  private Tensor tensor(String key, Tensor.Type type, int... shape) {
    int bytes = Tensor.Type.BYTES;
    for (int length : shape) {
      bytes = Math.multiplyExact(bytes, length);
    }
    ByteBuffer there = memory.get(key);
    if (there == null || there.capacity() < bytes) {
      memory.remove(key);
      there = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
      memory.put(key, there);
    }
    return Tensor.wrap(there.slice(0, bytes), type, shape);
  }
}
