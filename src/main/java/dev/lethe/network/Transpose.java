package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.Shape;
import java.util.List;

/**
 * Axis k of y is axis permutation[k] of x.
 *
 * @param name for people
 * @param permutation of 0 .. rank-1
 * @param x any shape
 * @param y the permuted shape
 */
public record Transpose(String name, List<Integer> permutation, Value x, Value y) implements Stage {
  /** Checks the shapes. */
  public Transpose {
    permutation = List.copyOf(permutation);
    List<Dim> dims = permutation.stream().map(axis -> x.shape().dim(axis)).toList();
    if (permutation.stream().distinct().count() != x.shape().rank()
        || !y.shape().equals(new Shape(dims))) {
      throw new IllegalArgumentException(
          "Transpose " + name + ": " + x + " by " + permutation + " makes no " + y);
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
