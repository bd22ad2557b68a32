package dev.lethe.network;

import java.util.List;

/**
 * Its inputs one after another along one axis.
 *
 * @param name for people
 * @param axis counted from 0
 * @param xs at least one, alike but for that axis
 * @param y alike but for that axis
 */
public record Concat(String name, int axis, List<Value> xs, Value y) implements Stage {
  /** Checks the shapes. */
  public Concat {
    xs = List.copyOf(xs);
    for (Value x : xs) {
      if (x.type() != y.type() || !x.shape().with(axis, y.shape().dim(axis)).equals(y.shape())) {
        throw new IllegalArgumentException(
            "Concat " + name + ": " + x + " does not fit " + y + " along axis " + axis);
      }
    }
  }

  @Override
  public List<Value> inputs() {
    return xs;
  }

  @Override
  public List<Value> outputs() {
    return List.of(y);
  }
}
