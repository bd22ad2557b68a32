package dev.lethe.backend.cpu;

import dev.lethe.Tensor;
import dev.lethe.network.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/** The values of a graph as arrays, which grow and never shrink. */
final class Buffers {
  private final Map<String, float[]> floats = new HashMap<>();
  private final Map<String, int[]> ints = new HashMap<>();

  /** Makes room. */
  void allocate(Value value, Map<String, Integer> sizes) {
    int size = value.shape().count().resolve(sizes);
    if (value.type() == Tensor.Type.INT32) {
      ints.merge(value.name(), new int[0], (old, none) -> old);
      ints.computeIfPresent(value.name(), (name, old) -> old.length < size ? new int[size] : old);
    } else {
      floats.merge(value.name(), new float[0], (old, none) -> old);
      floats.computeIfPresent(
          value.name(), (name, old) -> old.length < size ? new float[size] : old);
    }
  }

  /** Lets {@code value} be the same array as {@code of}. */
  void alias(Value value, Value of) {
    if (value.type() == Tensor.Type.INT32) {
      ints.put(value.name(), ints(of));
    } else {
      floats.put(value.name(), floats(of));
    }
  }

  float[] floats(Value value) {
    return Objects.requireNonNull(floats.get(value.name()), value::toString);
  }

  int[] ints(Value value) {
    return Objects.requireNonNull(ints.get(value.name()), value::toString);
  }

  /** From a tensor into the value's array. */
  void read(Value value, Tensor tensor) {
    if (value.type() == Tensor.Type.INT32) {
      tensor.copyTo(ints(value));
    } else {
      tensor.copyTo(floats(value));
    }
  }

  /** From the value's array into a tensor. */
  void write(Value value, Tensor tensor) {
    if (value.type() == Tensor.Type.INT32) {
      tensor.copyFrom(ints(value));
    } else {
      tensor.copyFrom(floats(value));
    }
  }

  /** An int array filled with one number. */
  static int[] filled(int size, int with) {
    int[] all = new int[size];
    Arrays.fill(all, with);
    return all;
  }
}
