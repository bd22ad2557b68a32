package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Reads an array's data piece by piece into a tensor: converts elements, turns Fortran order into C
 * order.
 */
final class NpyData {
  private static final int PIECE = 1 << 16;
  private final NpyHeader header;
  private final String where;
  private final int[] index;
  private final int[] strides;
  private int target;

  private NpyData(NpyHeader header, String where) {
    this.header = header;
    this.where = where;
    this.index = new int[header.shape().length];
    this.strides = new int[header.shape().length];
    int stride = 1;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= header.shape()[axis];
    }
  }

  /**
   * Reads as many elements as the shape has.
   *
   * @throws InputException when the stream ends before, or an element does not fit
   */
  static Tensor read(InputStream in, NpyHeader header, String where) throws IOException {
    Tensor tensor = allocate(header, where);
    read(in, header, where, tensor);
    return tensor;
  }

  /** Likewise, into a tensor of the header's shape. */
  static void read(InputStream in, NpyHeader header, String where, Tensor tensor)
      throws IOException {
    new NpyData(header, where).fill(in, tensor);
  }

  private static Tensor allocate(NpyHeader header, String where) {
    try {
      return Tensor.allocate(header.element().type(), header.shape());
    } catch (InputException e) {
      throw new InputException(where + ": " + e.getMessage(), e);
    }
  }

  private void fill(InputStream in, Tensor tensor) throws IOException {
    long left = header.dataBytes();
    ByteOrder order = header.bigEndian() ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    while (left > 0) {
      byte[] piece = in.readNBytes((int) Math.min(left, PIECE));
      if (piece.length < Math.min(left, PIECE)) {
        throw new InputException(
            where + ": the data end " + (left - piece.length) + " bytes early");
      }
      convert(ByteBuffer.wrap(piece).order(order), tensor);
      left -= piece.length;
    }
  }

  private void convert(ByteBuffer source, Tensor tensor) {
    try {
      if (tensor.type() == Tensor.Type.FLOAT32) {
        FloatBuffer floats = tensor.floats();
        for (; source.hasRemaining(); advance()) {
          floats.put(target, header.element().nextFloat(source));
        }
      } else {
        IntBuffer ints = tensor.ints();
        for (; source.hasRemaining(); advance()) {
          ints.put(target, header.element().nextInt(source));
        }
      }
    } catch (ArithmeticException e) {
      throw new InputException(where + ": element " + target + " is " + e.getMessage(), e);
    }
  }

  /** Moves {@link #target} to where the file's next element belongs. */
  private void advance() {
    if (!header.fortran()) {
      target++;
      return;
    }
    for (int axis = 0; axis < index.length; axis++) {
      target += strides[axis];
      if (++index[axis] < header.shape()[axis]) {
        return;
      }
      target -= index[axis] * strides[axis];
      index[axis] = 0;
    }
  }
}
