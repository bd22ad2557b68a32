package dev.lethe.network;

import java.util.List;

/**
 * Every {@code step}-th element of one axis from {@code start} on; as many as y's axis is long.
 *
 * @param name for people
 * @param axis of x, counted from 0
 * @param start first element; a negative one counts from the axis' end
 * @param step distance between elements; negative to go backwards; not 0
 * @param x any shape
 * @param y the same shape but for that axis
 */
public record Slice(String name, int axis, long start, long step, Value x, Value y)
    implements Stage {
  /** Checks the shapes. */
  public Slice {
    if (step == 0
        || axis < 0
        || axis >= x.shape().rank()
        || !x.shape().with(axis, y.shape().dim(axis)).equals(y.shape())) {
      throw new IllegalArgumentException(
          "Slice " + name + ": " + x + " along axis " + axis + " makes no " + y);
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
