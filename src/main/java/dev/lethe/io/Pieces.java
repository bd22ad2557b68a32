package dev.lethe.io;

import dev.lethe.Tensor;
import java.nio.ByteBuffer;

/** Parts of tensors along one axis. */
public final class Pieces {
  private Pieces() {}

  /**
   * Copies {@code count} lengths of one axis from one tensor into another that differs in this axis
   * only.
   *
   * @param from read
   * @param fromStart where on the axis to begin to read
   * @param to written
   * @param toStart where on the axis to begin to write
   * @param axis of both
   * @param count how many lengths
   */
  public static void copy(Tensor from, int fromStart, Tensor to, int toStart, int axis, int count) {
    long outer = 1;
    for (int k = 0; k < axis; k++) {
      outer *= from.dimension(k);
    }
    long inner = Tensor.Type.BYTES;
    for (int k = axis + 1; k < from.rank(); k++) {
      inner *= from.dimension(k);
    }
    ByteBuffer source = from.bytes();
    ByteBuffer target = to.bytes();
    for (long row = 0; row < outer; row++) {
      int at = (int) ((row * from.dimension(axis) + fromStart) * inner);
      int into = (int) ((row * to.dimension(axis) + toStart) * inner);
      target.put(into, source, at, (int) (count * inner));
    }
  }

  /**
   * A part of a tensor.
   *
   * @param whole shared where the axis is the first, copied otherwise
   * @param axis that is cut
   * @param first where on the axis to begin
   * @param count how many lengths
   * @return of the same shape but for the axis
   */
  public static Tensor cut(Tensor whole, int axis, int first, int count) {
    int[] shape = whole.shape();
    shape[axis] = count;
    if (axis == 0) {
      int bytes = whole.bytes().capacity() / Math.max(1, whole.dimension(0));
      return Tensor.wrap(whole.bytes().slice(first * bytes, count * bytes), whole.type(), shape);
    }
    Tensor part = Tensor.allocate(whole.type(), shape);
    copy(whole, first, part, 0, axis, count);
    return part;
  }
}
