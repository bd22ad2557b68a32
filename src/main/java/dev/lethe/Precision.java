package dev.lethe;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What the inputs of an LSTM layer's matrix products are rounded to: input and recurrent weights,
 * and on OpenCL devices x and h, to the nearest number, ties to even. Sums, gates and states are
 * single precision in all of them.
 */
public enum Precision {
  /** Single precision: nothing is rounded. */
  FP32(24),
  /** 11 significant bits, the range of single precision. */
  TF32(11),
  /** 8 significant bits, the range of single precision. */
  BF16(8),
  /** 11 significant bits, from 2^-24 to 65504; what is larger becomes infinite. */
  FP16(11),
  /**
   * Weights alone: integers from -127 to 127 times a scale for each row, that is, for each gate of
   * each hidden unit; the scale is the row's largest magnitude over 127. x and h are not rounded.
   */
  INT8(7);

  private static final float LEAST_NORMAL_FP16 = 0x1p-14f;
  private static final float LEAST_FP16 = 0x1p-24f;
  private static final float TOO_LARGE_FOR_FP16 = 65520;
  private final int bits;

  Precision(int bits) {
    this.bits = bits;
  }

  /**
   * The precision of this name.
   *
   * @param name as in {@code bf16}
   * @return the precision
   * @throws InputException if there is none
   */
  public static Precision parse(String name) {
    for (Precision precision : values()) {
      if (precision.toString().equals(name)) {
        return precision;
      }
    }
    String names =
        Arrays.stream(values()).map(Precision::toString).collect(Collectors.joining(", "));
    throw new InputException("no such precision: " + name + "; there are " + names);
  }

  /**
   * {@return the largest relative error of rounding a number in range; for int8 the largest error
   * of a weight, relative to the largest of its row}
   */
  public double unit() {
    return this == INT8 ? 0.5 / 127 : Math.scalb(1.0, -bits);
  }

  /**
   * Rounds to the nearest number of this precision, ties to even.
   *
   * @param x any number; NaN stays NaN
   * @return x rounded; in int8, which rounds by rows, x itself
   */
  public float round(float x) {
    float size = Math.abs(x);
    if (this == FP32 || this == INT8 || !(size < Float.POSITIVE_INFINITY)) {
      return x;
    }
    if (this == FP16 && size >= TOO_LARGE_FOR_FP16) {
      return Math.copySign(Float.POSITIVE_INFINITY, x);
    }
    if (this == FP16 && size < LEAST_NORMAL_FP16) {
      return Math.copySign((float) Math.rint(size / LEAST_FP16) * LEAST_FP16, x);
    }
    int dropped = 24 - bits;
    int word = Float.floatToRawIntBits(x);
    int half = (1 << (dropped - 1)) - 1 + (word >> dropped & 1);
    return Float.intBitsToFloat(word + half & -(1 << dropped));
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
