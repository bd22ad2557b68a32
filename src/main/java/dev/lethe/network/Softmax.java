package dev.lethe.network;

import java.util.List;

/**
 * y = e^x / sum(e^x) over the last axis, or its logarithm.
 *
 * @param name for people
 * @param logarithm whether y is log(softmax(x))
 * @param x any shape of at least one axis
 * @param y the same shape
 */
public record Softmax(String name, boolean logarithm, Value x, Value y) implements Stage {
  /** Checks the shapes. */
  public Softmax {
    if (x.shape().rank() == 0 || !x.shape().equals(y.shape())) {
      throw new IllegalArgumentException("Softmax " + name + ": " + x + " cannot become " + y);
    }
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
