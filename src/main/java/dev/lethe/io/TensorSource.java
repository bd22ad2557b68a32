package dev.lethe.io;

import dev.lethe.Tensor;

/** An array in memory. */
record TensorSource(Tensor tensor) implements ArraySource {
  @Override
  public Tensor.Type type() {
    return tensor.type();
  }

  @Override
  public int[] shape() {
    return tensor.shape();
  }

  @Override
  public void read(int axis, int first, Tensor target) {
    if (tensor.rank() == 0) {
      target.bytes().put(tensor.bytes());
    } else {
      Pieces.copy(tensor, first, target, 0, axis, target.dimension(axis));
    }
  }

  @Override
  public boolean isRandom() {
    return true;
  }

  @Override
  public void close() {}
}
