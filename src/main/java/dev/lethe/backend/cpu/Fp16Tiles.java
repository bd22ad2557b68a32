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
 *
 * <p>For one row weights are widened as they are read. For more, those of a block are widened
 * first, and {@link VectorTiles} does the rest: widening inside of its tiles would need another
 * copy of them. That is written out, to be larger than what HotSpot inlines (325 bytes): together
 * in one compiled method, vectors become objects.
 */
final class Fp16Tiles {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;
  private static final int PANEL = HalfTiles.PANEL;
  private static final int BLOCK = VectorTiles.BLOCK;

  /** From one k to the next of weights as floats. */
  private static final int STEP = VectorTiles.PANEL;

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

  /** As {@link VectorTiles#product}; {@code pairs} are of two panels, each [depth][LANES]. */
  static void product(
      int count,
      int depth,
      int[] pairs,
      int at,
      Rows a,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt) {
    if (count == 1) {
      oneRow(depth, pairs, at, a.of[first], a.at[first], from, fromAt, z, zAt);
      return;
    }
    float[] panels = Widened.weights(BLOCK * depth);
    widen(depth, pairs, at, panels, 0);
    widen(depth, pairs, at + depth * LANES, panels, VectorTiles.rightHalf(depth));
    VectorTiles.product(count, depth, panels, 0, a, first, from, fromAt, fromStride, z, zAt, BLOCK);
  }

  /** One of the two panels to floats from {@code toAt} on. */
  static void widen(int depth, int[] pairs, int at, float[] to, int toAt) {
    IntVector pair;
    FloatVector floats;
    int k = 0;
    for (; k < depth - 3; k += 4) {
      int from = at + k * LANES;
      int next = toAt + k * STEP;
      pair = IntVector.fromArray(INTS, pairs, from);
      floats =
          pair.lanewise(VectorOperators.ASHR, 3).and(SIGN_SIZE).reinterpretAsFloats().mul(BIAS);
      floats.intoArray(to, next);
      floats =
          pair.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS);
      floats.intoArray(to, next + LANES);
      pair = IntVector.fromArray(INTS, pairs, from + LANES);
      floats =
          pair.lanewise(VectorOperators.ASHR, 3).and(SIGN_SIZE).reinterpretAsFloats().mul(BIAS);
      floats.intoArray(to, next + STEP);
      floats =
          pair.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS);
      floats.intoArray(to, next + STEP + LANES);
      pair = IntVector.fromArray(INTS, pairs, from + 2 * LANES);
      floats =
          pair.lanewise(VectorOperators.ASHR, 3).and(SIGN_SIZE).reinterpretAsFloats().mul(BIAS);
      floats.intoArray(to, next + 2 * STEP);
      floats =
          pair.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS);
      floats.intoArray(to, next + 2 * STEP + LANES);
      pair = IntVector.fromArray(INTS, pairs, from + 3 * LANES);
      floats =
          pair.lanewise(VectorOperators.ASHR, 3).and(SIGN_SIZE).reinterpretAsFloats().mul(BIAS);
      floats.intoArray(to, next + 3 * STEP);
      floats =
          pair.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS);
      floats.intoArray(to, next + 3 * STEP + LANES);
    }
    for (; k < depth; k++) {
      int from = at + k * LANES;
      int next = toAt + k * STEP;
      pair = IntVector.fromArray(INTS, pairs, from);
      floats =
          pair.lanewise(VectorOperators.ASHR, 3).and(SIGN_SIZE).reinterpretAsFloats().mul(BIAS);
      floats.intoArray(to, next);
      floats =
          pair.lanewise(VectorOperators.LSHL, 16)
              .lanewise(VectorOperators.ASHR, 3)
              .and(SIGN_SIZE)
              .reinterpretAsFloats()
              .mul(BIAS);
      floats.intoArray(to, next + LANES);
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(VectorTiles.SPECIES, from, at);
  }

  private static void oneRow(
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
