package dev.lethe.importer.keras;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Binary;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Value;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keras' masks, which may skip any steps: from Masking and from Embedding with mask_zero. One that
 * several layers compute is computed once. A functional model of Keras 3 has the operations that
 * compute a mask (NotEqual, and Any for features) beside its layers.
 */
final class Masks {
  private final GraphBuilder builder;
  private final Map<Source, Value> known = new HashMap<>();
  private final Map<String, Source> compared = new HashMap<>();

  /** What a mask is computed from. */
  private record Source(Value x, float skipped) {}

  Masks(GraphBuilder builder) {
    this.builder = builder;
  }

  /** Whether a class of Keras 3 is one of the operations that compute masks. */
  static boolean isOperation(String module, String kind) {
    return module.equals("keras.src.ops.numpy") && (kind.equals("NotEqual") || kind.equals("Any"));
  }

  /** 1 for each step that counts: one with a feature, or the id, that is not {@code skipped}. */
  Value of(String name, Value x, float skipped) {
    return known.computeIfAbsent(
        new Source(x, skipped), source -> builder.stepMask(name + ".mask", skipped, x));
  }

  /** Steps to skip become zeros. */
  static List<Signal> masking(Use use) {
    Value x = use.floats(3, 3);
    use.features();
    float skipped = (float) use.config().real("mask_value", 0);
    Value mask = use.masks().of(use.name(), x, skipped);
    return List.of(new Signal(zeroed(use, x, mask), Optional.of(mask)));
  }

  /** x [B, T, F] with zeros at the steps that {@code mask} skips. */
  static Value zeroed(Use use, Value x, Value mask) {
    Shape column = Shape.of(x.shape().dim(0), x.shape().dim(1), Dim.of(1));
    Value one = use.builder().reshape(use.name() + ".mask", mask, column);
    Value all = use.builder().expand(use.name() + ".mask", one, x.shape());
    return use.builder().binary(use.name(), Binary.Operation.MULTIPLY, x, all);
  }

  /** Of ids this is a mask; of features it becomes one with Any. */
  static List<Signal> notEqual(Use use) {
    Value x = use.input().value();
    if (use.inputs().size() != 1 || use.numbers().size() != 1) {
      throw use.error("compares two tensors, which Lethe does not run");
    }
    float skipped = use.numbers().get(0).floatValue();
    if (x.type() == Tensor.Type.INT32) {
      return List.of(Signal.of(use.masks().of(use.name(), x, skipped)));
    }
    Value mask = use.masks().of(use.name(), x, skipped);
    use.masks().compared.put(mask.name(), new Source(x, skipped));
    return List.of(Signal.of(mask));
  }

  /** Over the features, which a mask has seen to already. */
  static List<Signal> any(Use use) {
    Value mask = use.input().value();
    Object axis = use.config().find("axis").orElse(Config.NULL);
    boolean last = axis.equals(-1L) || axis.equals(2L) || axis.equals(List.of(-1L));
    boolean known = use.masks().compared.containsKey(mask.name());
    if (!last || !known || use.config().flag("keepdims", false)) {
      throw use.error("computes no mask of features, which is all that Lethe runs it for");
    }
    return List.of(Signal.of(mask));
  }
}
