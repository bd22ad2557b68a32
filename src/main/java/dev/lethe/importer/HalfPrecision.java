package dev.lethe.importer;

/** 16-bit floating-point numbers as single precision, exactly. */
public final class HalfPrecision {
  private static final int FRACTION_BITS = 10;

  private HalfPrecision() {}

  /** IEEE 754 binary16. */
  public static float fromFloat16(short bits) {
    int exponent = bits >> FRACTION_BITS & 0x1f;
    int fraction = bits & 0x3ff;
    float magnitude;
    if (exponent == 0x1f) {
      magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
    } else if (exponent == 0) {
      magnitude = Math.scalb((float) fraction, -24);
    } else {
      magnitude = Math.scalb((float) (fraction | 0x400), exponent - 25);
    }
    return bits < 0 ? -magnitude : magnitude;
  }

  /** The upper half of a binary32. */
  public static float fromBfloat16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }
}
