package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Element types that an array in a file may have, and what becomes of them. */
enum NpyElement {
  F2("f2", 2, Tensor.Type.FLOAT32),
  F4("f4", 4, Tensor.Type.FLOAT32),
  F8("f8", 8, Tensor.Type.FLOAT32),
  B1("b1", 1, Tensor.Type.INT32),
  I1("i1", 1, Tensor.Type.INT32),
  U1("u1", 1, Tensor.Type.INT32),
  I2("i2", 2, Tensor.Type.INT32),
  U2("u2", 2, Tensor.Type.INT32),
  I4("i4", 4, Tensor.Type.INT32),
  I8("i8", 8, Tensor.Type.INT32);

  private final String code;
  private final int bytes;
  private final Tensor.Type type;

  NpyElement(String code, int bytes, Tensor.Type type) {
    this.code = code;
    this.bytes = bytes;
    this.type = type;
  }

  /** The type that holds {@code type} without a change. */
  static NpyElement of(Tensor.Type type) {
    return type == Tensor.Type.FLOAT32 ? F4 : I4;
  }

  /**
   * What a descr stands for, as in {@code <f4}.
   *
   * @throws InputException when Lethe does not read it
   */
  static NpyElement of(String descr, String where) {
    boolean ordered = descr.length() == 3 && "<>|=".indexOf(descr.charAt(0)) >= 0;
    for (NpyElement element : values()) {
      boolean hasOrder = ordered && (descr.charAt(0) == '|') == (element.bytes == 1);
      if (hasOrder && descr.charAt(0) != '=' && descr.endsWith(element.code)) {
        return element;
      }
    }
    throw new InputException(
        where
            + ": elements of type '"
            + descr
            + "' are not read; convert the array to one of "
            + Arrays.stream(values()).map(e -> e.code).collect(Collectors.joining(", ")));
  }

  String code() {
    return code;
  }

  int bytes() {
    return bytes;
  }

  /** What it becomes in memory. */
  Tensor.Type type() {
    return type;
  }

  /**
   * The next element as a float.
   *
   * @throws ArithmeticException when it is finite and a float cannot hold it
   */
  float nextFloat(ByteBuffer source) {
    return switch (this) {
      case F2 -> half(source.getShort());
      case F4 -> source.getFloat();
      case F8 -> narrow(source.getDouble());
      default -> throw new IllegalStateException(this + " is no float");
    };
  }

  /**
   * The next element as an integer.
   *
   * @throws ArithmeticException when it exceeds 32 bits
   */
  int nextInt(ByteBuffer source) {
    return switch (this) {
      case B1, U1 -> source.get() & 0xff;
      case I1 -> source.get();
      case I2 -> source.getShort();
      case U2 -> source.getShort() & 0xffff;
      case I4 -> source.getInt();
      case I8 -> narrow(source.getLong());
      default -> throw new IllegalStateException(this + " is no integer");
    };
  }

  /** IEEE 754 binary16, widened without loss. */
  static float half(short bits) {
    int sign = (bits & 0x8000) << 16;
    int exponent = bits >> 10 & 0x1f;
    int fraction = bits & 0x3ff;
    if (exponent == 0) {
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    int wide = exponent == 0x1f ? 0xff : exponent - 15 + 127;
    return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
  }

  private static float narrow(double value) {
    float narrowed = (float) value;
    if (Float.isInfinite(narrowed) && !Double.isInfinite(value)) {
      throw new ArithmeticException(value + ", which a 32-bit float cannot hold");
    }
    return narrowed;
  }

  private static int narrow(long value) {
    if (value != (int) value) {
      throw new ArithmeticException(value + ", which a 32-bit integer cannot hold");
    }
    return (int) value;
  }

  @Override
  public String toString() {
    return code;
  }
}
