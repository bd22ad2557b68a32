package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Which steps count: y = 1 where any feature of x differs from {@code skipped}, 0 elsewhere (Keras'
 * layers Masking, and Embedding with mask_zero).
 *
 * @param name for people
 * @param skipped what every feature of a step that does not count is
 * @param x float [..., F], or int [...], each its own only feature
 * @param y float [...]
 */
public record StepMask(String name, float skipped, Value x, Value y) implements Stage {
  /** Checks the shapes. */
  public StepMask {
    if (!y.shape().equals(shape(x)) || y.type() != Tensor.Type.FLOAT32) {
      throw new IllegalArgumentException("StepMask " + name + ": " + x + " makes no " + y);
    }
  }

  /** The shape of y. */
  static Shape shape(Value x) {
    List<Dim> dims = new ArrayList<>(x.shape().dims());
    if (x.type() == Tensor.Type.FLOAT32) {
      dims.remove(dims.size() - 1);
    }
    return new Shape(dims);
  }

  /** Features of a step. */
  public Dim width() {
    return x.type() == Tensor.Type.FLOAT32 ? x.shape().dim(-1) : Dim.of(1);
  }

  @Override
  public List<Value> inputs() {
    return List.of(x);
  }

  @Override
  public List<Value> outputs() {
    return List.of(y);
  }
}
