package dev.lethe.network;

import java.util.List;

/**
 * y = a operation b, element by element; all three have one shape.
 *
 * @param name for people
 * @param operation which
 * @param a left
 * @param b right
 * @param y result
 */
public record Binary(String name, Operation operation, Value a, Value b, Value y) implements Stage {
  /** What is done. */
  public enum Operation {
    /** a + b. */
    ADD,
    /** a - b. */
    SUBTRACT,
    /** a * b. */
    MULTIPLY
  }

  /** Checks the shapes. */
  public Binary {
    if (!a.shape().equals(y.shape()) || !b.shape().equals(y.shape())) {
      throw new IllegalArgumentException(
          "Binary " + name + ": " + a + " and " + b + " make no " + y);
    }
  }

  @Override
  public List<Value> inputs() {
    return List.of(a, b);
  }

  @Override
  public List<Value> outputs() {
    return List.of(y);
  }
}
