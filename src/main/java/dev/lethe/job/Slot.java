package dev.lethe.job;

import dev.lethe.Tensor;
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
  private final Memory in = new Memory();
  private final Memory out = new Memory();
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

  /** Makes an input's array; contents undefined. */
  Tensor input(String name, Tensor.Type type, int... shape) {
    Tensor tensor = in.tensor(name, type, shape);
    inputs.put(name, tensor);
    return tensor;
  }

  /** Makes an output's array; contents undefined. */
  void output(String name, Tensor.Type type, int... shape) {
    outputs.put(name, out.tensor(name, type, shape));
  }

  /** An output's array that was made for this chunk. */
  Tensor output(String name) {
    return Objects.requireNonNull(outputs.get(name), name);
  }
}
