package dev.lethe.network;

import dev.lethe.Dim;
import java.util.List;

/**
 * y = x * weights + bias over the last axis.
 *
 * @param name for people
 * @param weights [K][N]
 * @param bias [1][N]
 * @param x [..., K]
 * @param y [..., N]
 */
public record Dense(String name, Matrix weights, Matrix bias, Value x, Value y) implements Stage {
  /** Checks the shapes. */
  public Dense {
    if (!x.shape().dim(-1).equals(Dim.of(weights.rows()))) {
      throw new IllegalArgumentException(
          "Dense " + name + ": x must have " + weights.rows() + " features, is " + x);
    }
    if (bias.size() != weights.columns()
        || !y.shape().equals(x.shape().with(-1, Dim.of(weights.columns())))) {
      throw new IllegalArgumentException(
          "Dense " + name + ": weights " + weights + ", bias " + bias + " make no " + y);
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
