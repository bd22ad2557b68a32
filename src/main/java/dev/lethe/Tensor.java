package dev.lethe;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * A dense row-major array of 32-bit floats or 32-bit integers in a direct buffer, so that devices
 * copy from and to it without a detour through the Java heap.
 *
 * <p>The shape is fixed; the elements may be written through {@link #floats()} and {@link #ints()}.
 * A tensor larger than 2 GiB is refused. Not safe for a writer beside other threads; any number of
 * readers is fine.
 */
public final class Tensor {
  /** What an element is. */
  public enum Type {
    /** IEEE 754 binary32. */
    FLOAT32,
    /** Two's complement 32-bit integer: ids and sequence lengths. */
    INT32;

    /** Bytes per element. */
    public static final int BYTES = 4;
  }

  private final Type type;
  private final int[] shape;
  private final ByteBuffer data;
  private final FloatBuffer floats;
  private final IntBuffer ints;

  private Tensor(Type type, int[] shape, ByteBuffer data) {
    this.type = type;
    this.shape = shape;
    this.data = data;
    this.floats = data.asFloatBuffer();
    this.ints = data.asIntBuffer();
  }

  /**
   * A tensor of zeros.
   *
   * @param type what an element is
   * @param shape from the slowest axis to the fastest; none for a scalar
   * @return a new tensor in a direct buffer of its own
   * @throws InputException when a dimension is negative or the tensor would exceed 2 GiB
   */
  public static Tensor allocate(Type type, int... shape) {
    int bytes = bytes(shape);
    return new Tensor(
        type, shape.clone(), ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder()));
  }

  /**
   * A float tensor holding a copy of {@code values}.
   *
   * @param values the last axis varying fastest
   * @param shape from the slowest axis to the fastest; none for a scalar
   * @return a new tensor
   * @throws InputException when the number of values is not the product of the shape
   */
  public static Tensor of(float[] values, int... shape) {
    checkCount(values.length, shape);
    Tensor tensor = allocate(Type.FLOAT32, shape);
    tensor.floats().put(values);
    return tensor;
  }

  /**
   * An integer tensor holding a copy of {@code values}.
   *
   * @param values the last axis varying fastest
   * @param shape from the slowest axis to the fastest; none for a scalar
   * @return a new tensor
   * @throws InputException when the number of values is not the product of the shape
   */
  public static Tensor of(int[] values, int... shape) {
    checkCount(values.length, shape);
    Tensor tensor = allocate(Type.INT32, shape);
    tensor.ints().put(values);
    return tensor;
  }

  /**
   * A tensor over {@code data} without a copy. The tensor keeps the buffer alive; a read-only
   * buffer (a mapped file) makes a tensor that can be an input only.
   *
   * @param data a direct buffer; its bytes from position to limit, in native byte order
   * @param type what an element is
   * @param shape from the slowest axis to the fastest; none for a scalar
   * @return a tensor that shares the memory
   * @throws InputException when the buffer is not direct or its remaining bytes do not match the
   *     shape
   */
  public static Tensor wrap(ByteBuffer data, Type type, int... shape) {
    if (!data.isDirect()) {
      throw new InputException("a tensor wraps direct buffers only; use Tensor.of for heap arrays");
    }
    if (data.remaining() != bytes(shape)) {
      throw new InputException(
          "shape "
              + Arrays.toString(shape)
              + " needs "
              + bytes(shape)
              + " bytes, the buffer has "
              + data.remaining());
    }
    return new Tensor(type, shape.clone(), data.slice().order(ByteOrder.nativeOrder()));
  }

  /** {@return what an element is} */
  public Type type() {
    return type;
  }

  /** {@return a copy of the shape; empty for a scalar} */
  public int[] shape() {
    return shape.clone();
  }

  /** {@return the number of axes} */
  public int rank() {
    return shape.length;
  }

  /**
   * The length of an axis.
   *
   * @param axis counted from 0
   * @return its length
   * @throws IndexOutOfBoundsException when there is no such axis
   */
  public int dimension(int axis) {
    return shape[axis];
  }

  /** {@return the number of elements} */
  public int size() {
    return data.capacity() / Type.BYTES;
  }

  /**
   * The same elements under another shape.
   *
   * @param newShape with as many elements
   * @return a tensor that shares the memory
   * @throws InputException when it does not have as many elements
   */
  public Tensor reshape(int... newShape) {
    checkCount(size(), newShape);
    return new Tensor(type, newShape.clone(), data);
  }

  /**
   * The elements; writes go through.
   *
   * @return a view from position 0 to {@link #size()}
   * @throws InputException when the elements are integers
   */
  public FloatBuffer floats() {
    require(Type.FLOAT32);
    return bytes().asFloatBuffer();
  }

  /**
   * The elements; writes go through.
   *
   * @return a view from position 0 to {@link #size()}
   * @throws InputException when the elements are floats
   */
  public IntBuffer ints() {
    require(Type.INT32);
    return bytes().asIntBuffer();
  }

  /**
   * {@return a view of the direct buffer underneath, from position 0 to its capacity, in native
   * byte order; writes go through}
   */
  public ByteBuffer bytes() {
    return data.duplicate().order(ByteOrder.nativeOrder()).clear();
  }

  /**
   * Copies all elements into an array; makes no objects.
   *
   * @param target filled from its beginning, the last axis varying fastest
   * @throws InputException when the elements are integers
   * @throws IndexOutOfBoundsException when there is no room for {@link #size()} elements
   */
  public void copyTo(float[] target) {
    require(Type.FLOAT32);
    floats.get(0, target, 0, size());
  }

  /**
   * Copies some elements into an array; makes no objects.
   *
   * @param from the first of them, the last axis varying fastest
   * @param target filled from {@code at} on
   * @param at a place in {@code target}
   * @param count how many
   * @throws InputException when the elements are integers
   * @throws IndexOutOfBoundsException when either has not as many
   */
  public void copyTo(int from, float[] target, int at, int count) {
    require(Type.FLOAT32);
    floats.get(from, target, at, count);
  }

  /**
   * Overwrites some elements from an array; makes no objects.
   *
   * @param to the first of them, the last axis varying fastest
   * @param source read from {@code at} on
   * @param at a place in {@code source}
   * @param count how many
   * @throws InputException when the elements are integers
   * @throws IndexOutOfBoundsException when either has not as many
   * @throws java.nio.ReadOnlyBufferException when the tensor is {@link #isReadOnly}
   */
  public void copyFrom(int to, float[] source, int at, int count) {
    require(Type.FLOAT32);
    floats.put(to, source, at, count);
  }

  /**
   * Copies all elements into an array; makes no objects.
   *
   * @param target filled from its beginning, the last axis varying fastest
   * @throws InputException when the elements are floats
   * @throws IndexOutOfBoundsException when there is no room for {@link #size()} elements
   */
  public void copyTo(int[] target) {
    require(Type.INT32);
    ints.get(0, target, 0, size());
  }

  /**
   * One element; makes no object.
   *
   * @param at its place, from 0, the last axis varying fastest
   * @return the element
   * @throws InputException when the elements are floats
   * @throws IndexOutOfBoundsException when there is no such place
   */
  public int intAt(int at) {
    require(Type.INT32);
    return ints.get(at);
  }

  /**
   * Overwrites all elements from an array; makes no objects.
   *
   * @param source read from its beginning, the last axis varying fastest
   * @throws InputException when the elements are integers
   * @throws IndexOutOfBoundsException when it has fewer than {@link #size()} elements
   * @throws java.nio.ReadOnlyBufferException when the tensor is {@link #isReadOnly}
   */
  public void copyFrom(float[] source) {
    require(Type.FLOAT32);
    floats.put(0, source, 0, size());
  }

  /**
   * Overwrites all elements from an array; makes no objects.
   *
   * @param source read from its beginning, the last axis varying fastest
   * @throws InputException when the elements are floats
   * @throws IndexOutOfBoundsException when it has fewer than {@link #size()} elements
   * @throws java.nio.ReadOnlyBufferException when the tensor is {@link #isReadOnly}
   */
  public void copyFrom(int[] source) {
    require(Type.INT32);
    ints.put(0, source, 0, size());
  }

  /** {@return whether the memory cannot be written through this tensor} */
  public boolean isReadOnly() {
    return data.isReadOnly();
  }

  /**
   * Whether another tensor has the same type and shape; the elements may differ.
   *
   * @param other to be compared with
   * @return whether they agree
   */
  public boolean isLike(Tensor other) {
    return type == other.type && Arrays.equals(shape, other.shape);
  }

  /**
   * The elements on the heap.
   *
   * @return a copy, the last axis varying fastest
   * @throws InputException when the elements are integers
   */
  public float[] toFloatArray() {
    float[] values = new float[size()];
    copyTo(values);
    return values;
  }

  /**
   * The elements on the heap.
   *
   * @return a copy, the last axis varying fastest
   * @throws InputException when the elements are floats
   */
  public int[] toIntArray() {
    int[] values = new int[size()];
    copyTo(values);
    return values;
  }

  @Override
  public String toString() {
    return type + Arrays.toString(shape);
  }

  private void require(Type wanted) {
    if (type != wanted) {
      throw new InputException("the tensor holds " + type + ", not " + wanted);
    }
  }

  private static void checkCount(int values, int[] shape) {
    if (bytes(shape) / Type.BYTES != values) {
      throw new InputException(
          "shape " + Arrays.toString(shape) + " does not hold " + values + " values");
    }
  }

  private static int bytes(int[] shape) {
    long count = 1;
    for (int n : shape) {
      if (n < 0) {
        throw new InputException("shape " + Arrays.toString(shape) + " has a negative dimension");
      }
      count *= n;
      if (count > Integer.MAX_VALUE / Type.BYTES) {
        throw new InputException(
            "shape " + Arrays.toString(shape) + " exceeds 2 GiB, the most one tensor holds");
      }
    }
    return (int) count * Type.BYTES;
  }
}
