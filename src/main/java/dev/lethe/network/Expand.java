package dev.lethe.network;

import dev.lethe.Dim;
import java.util.List;

/**
 * Repeats x along its axes of length 1 and along new leading axes (broadcasting as ONNX and NumPy
 * have it).
 *
 * @param name for people
 * @param x [...]
 * @param y its axes aligned to x's from the right
 */
public record Expand(String name, Value x, Value y) implements Stage {
  /** Checks the shapes. */
  public Expand {
    int lead = y.shape().rank() - x.shape().rank();
    boolean fits = lead >= 0;
    for (int axis = 0; fits && axis < x.shape().rank(); axis++) {
      Dim from = x.shape().dim(axis);
      fits = from.equals(Dim.of(1)) || from.equals(y.shape().dim(axis + lead));
    }
    if (!fits) {
      throw new IllegalArgumentException("Expand " + name + ": " + x + " cannot become " + y);
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
