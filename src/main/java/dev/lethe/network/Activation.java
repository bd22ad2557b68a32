package dev.lethe.network;

import java.util.List;

/**
 * y = function(x), element by element.
 *
 * @param name for people
 * @param function which
 * @param x any shape
 * @param y the same shape
 */
public record Activation(String name, ActivationFunction function, Value x, Value y)
    implements Stage {
  /** Checks the shapes. */
  public Activation {
    if (!x.shape().equals(y.shape())) {
      throw new IllegalArgumentException("Activation " + name + ": " + x + " cannot become " + y);
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

  @Override
  public String describe() {
    return "Activation " + name + ": " + function.kind() + " of " + x;
  }
}
