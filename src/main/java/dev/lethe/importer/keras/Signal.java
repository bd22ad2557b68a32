package dev.lethe.importer.keras;

import dev.lethe.Shape;
import dev.lethe.network.Value;
import java.util.Optional;

/**
 * What goes from layer to layer.
 *
 * @param value [batch, ...]
 * @param mask Keras' mask, int [batch, time], 0 for a step that the layers behind skip; empty for
 *     none
 */
record Signal(Value value, Optional<Value> mask) {
  static Signal of(Value value) {
    return new Signal(value, Optional.empty());
  }

  Shape shape() {
    return value.shape();
  }

  /** Another value with the same mask. */
  Signal with(Value other) {
    return new Signal(other, mask);
  }
}
