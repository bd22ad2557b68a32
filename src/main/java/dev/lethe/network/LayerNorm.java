package dev.lethe.network;

import dev.lethe.Dim;
import java.util.List;

/**
 * y = (x - mean) / sqrt(variance + epsilon) * scale + shift over the last axis, the variance being
 * the mean square of x - mean (ONNX operator LayerNormalization).
 *
 * @param name for people
 * @param scale [1][K]
 * @param shift [1][K]
 * @param epsilon from 0 on
 * @param x [..., K]
 * @param y the same shape
 */
public record LayerNorm(String name, Matrix scale, Matrix shift, float epsilon, Value x, Value y)
    implements Stage {
  /** Checks the shapes. */
  public LayerNorm {
    boolean fits =
        x.shape().rank() > 0
            && x.shape().equals(y.shape())
            && x.shape().dim(-1).equals(Dim.of(scale.size()))
            && scale.size() == shift.size();
    if (!fits || !(epsilon >= 0)) {
      throw new IllegalArgumentException(
          "LayerNorm " + name + ": " + x + " by " + scale + " makes no " + y);
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
