package dev.lethe.network;

import java.util.List;

/**
 * The same elements in the same order under another shape: backends move nothing.
 *
 * @param name for people
 * @param x any shape
 * @param y a shape with as many elements
 */
public record Reshape(String name, Value x, Value y) implements Stage {
  /** Checks the shapes. */
  public Reshape {
    if (x.type() != y.type() || !x.shape().count().equals(y.shape().count())) {
      throw new IllegalArgumentException("Reshape " + name + ": " + x + " cannot become " + y);
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
