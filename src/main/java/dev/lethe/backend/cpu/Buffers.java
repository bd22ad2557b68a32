package dev.lethe.backend.cpu;

import dev.lethe.Tensor;
import dev.lethe.network.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The values of a graph as arrays, which grow and never shrink. */
final class Buffers {
  private final Map<String, float[]> floats = new HashMap<>();
  private final Map<String, int[]> ints = new HashMap<>();

  /** The values that need no array. */
  private final Map<String, Elements> direct = new HashMap<>();

  /** Leaves a value where the caller has it: only LSTM layers read or write it. */
  void direct(Value value) {
    direct.put(value.name(), Elements.direct());
  }

  /** Makes room. */
  void allocate(Value value, Map<String, Integer> sizes) {
    int size = direct.containsKey(value.name()) ? 0 : value.shape().count().resolve(sizes);
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
    return Objects.requireNonNull(floats.get(value.name()), value.name());
  }

  /** A value as an LSTM layer reads or writes it. */
  Elements elements(Value value) {
    Elements found = direct.get(value.name());
    return found == null ? Elements.of(floats(value)) : found;
  }

  int[] ints(Value value) {
    return Objects.requireNonNull(ints.get(value.name()), value.name());
  }

  /** From a tensor into the value's array, or that the value is there. */
  void read(Value value, Tensor tensor) {
    Elements elements = direct.get(value.name());
    if (elements != null) {
      elements.bind(tensor);
    } else if (value.type() == Tensor.Type.INT32) {
      tensor.copyTo(ints(value));
    } else {
      tensor.copyTo(floats(value));
    }
  }

  /** From the value's array into a tensor, unless it has been there all the time. */
  void write(Value value, Tensor tensor) {
    if (direct.containsKey(value.name())) {
      return;
    }
    if (value.type() == Tensor.Type.INT32) {
      tensor.copyFrom(ints(value));
    } else {
      tensor.copyFrom(floats(value));
    }
  }

  /**
   * Where a value that needs no array is in the next run: nowhere if the caller has no use for it.
   */
  void bind(Value value, @Nullable Tensor tensor) {
    Elements elements = direct.get(value.name());
    if (elements != null) {
      elements.bind(tensor);
    }
  }

  /** An int array filled with one number. */
  static int[] filled(int size, int with) {
    int[] all = new int[size];
    Arrays.fill(all, with);
    return all;
  }
}
