package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link HalfTiles} for weights in fp16: an int holds that of a column in its upper half and that
 * of the column {@code LANES} further in its lower half.
 *
 * <p>Java 17 has no instruction for the conversion. Shifted right by 3 places with its sign, a
 * number stands where single precision has its exponent and fraction, but for three copies of the
 * sign and for an exponent that is too small; so it takes a mask and a multiplication. The
 * exponents are not those of IEEE 754's binary16: they begin at 2^-24, so that what is subnormal
 * there is not here, and becomes no subnormal float on the way, which processors of Intel's take a
 * hundred cycles to multiply. For that they end at 2^6; where a weight is larger, all are kept in
 * single precision.
 */
final class Fp16Tiles {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;
  private static final int PANEL = HalfTiles.PANEL;

  private static final int SIGN = 0x8000;
  private static final int SIGN_SIZE = 0x8fffe000;

  /** Fraction bits that single precision has more. */
  private static final int DROPPED = 13;

  /** How much larger the exponents of single precision stand. */
  private static final int LARGER = 102;

  private static final float BIAS = 0x1p102f;
  private static final float BOUND = 0x1p7f;

  private Fp16Tiles() {}

  /** How a number that {@link Precision#FP16} has is kept, if it is within the bound. */
  static int bits(float weight) {
    int word = Float.floatToRawIntBits(weight);
    int sign = word >>> 16 & SIGN;
    return weight == 0
        ? sign
        : sign | ((word & Integer.MAX_VALUE) >>> DROPPED) - (LARGER << 23 - DROPPED);
  }

  /** The number that the upper half of a word keeps. */
  static float upper(int word) {
    return Float.intBitsToFloat(word >> 3 & SIGN_SIZE) * BIAS;
  }

  /** Whether all weights are within the bound. */
  static boolean allWithin(int depth, int blocks, int width, Packed.Source source) {
    for (int block = 0; block < blocks; block++) {
      for (int k = 0; k < depth; k++) {
        for (int column = 0; column < width; column++) {
          if (!(Math.abs(source.at(k, block, column)) < BOUND)) {
            return false;
          }
        }
      }
    }
    return true;
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(VectorTiles.SPECIES, from, at);
  }

  /** As {@link HalfTiles#oneRow}. */
  static void oneRow(
      int depth,
      int[] pairs,
      int at,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    int next = at + depth * LANES;
    FloatVector l0 = load(from, fromAt);
    FloatVector r0 = load(from, fromAt + LANES);
    FloatVector l1 = load(from, fromAt + PANEL);
    FloatVector r1 = load(from, fromAt + PANEL + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector s = FloatVector.broadcast(VectorTiles.SPECIES, a[aAt + k]);
      IntVector pair = IntVector.fromArray(INTS, pairs, at + k * LANES);
      l0 =
          pair.lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS)
              .fma(s, l0);
      r0 =
          pair.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS)
              .fma(s, r0);
      pair = IntVector.fromArray(INTS, pairs, next + k * LANES);
      l1 =
          pair.lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS)
              .fma(s, l1);
      r1 =
          pair.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS)
              .fma(s, r1);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    l1.intoArray(z, zAt + PANEL);
    r1.intoArray(z, zAt + PANEL + LANES);
  }
}
