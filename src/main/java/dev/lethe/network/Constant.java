package dev.lethe.network;

import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.util.List;

/**
 * A fixed tensor, for instance a trained initial state.
 *
 * @param name for people
 * @param data not to be written again
 * @param y of the same shape
 */
public record Constant(String name, Tensor data, Value y) implements Stage {
  /** Checks the shapes. */
  public Constant {
    if (!Shape.of(data.shape()).equals(y.shape()) || data.type() != y.type()) {
      throw new IllegalArgumentException("Constant " + name + ": " + data + " is no " + y);
    }
  }

  @Override
  public List<Value> inputs() {
    return List.of();
  }

  @Override
  public List<Value> outputs() {
    return List.of(y);
  }
}
