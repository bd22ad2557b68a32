package dev.lethe.backend;

/** Numbers of 16 bits as IEEE 754 has them (binary16), for weights that are kept so. */
public final class Float16 {
  private static final int SIGN = 0x8000;
  private static final int INFINITY = 0x7c00;
  private static final int NAN = 0x7e00;

  /** Fraction bits that single precision has more. */
  private static final int DROPPED = 13;

  /** How much larger the exponents of single precision stand. */
  private static final int BIAS = 112;

  private Float16() {}

  /**
   * The bits of a number that {@link dev.lethe.Precision#FP16} has.
   *
   * @param value as that precision rounds it; any NaN
   */
  public static int bits(float value) {
    int word = Float.floatToRawIntBits(value);
    int sign = word >>> 16 & SIGN;
    float size = Math.abs(value);
    if (!(size < Float.POSITIVE_INFINITY)) {
      return sign | (Float.isNaN(size) ? NAN : INFINITY);
    }
    if (size < 0x1p-14f) {
      return sign | (int) (size * 0x1p24f);
    }
    return sign | ((word & Integer.MAX_VALUE) >>> DROPPED) - (BIAS << 10);
  }
}
