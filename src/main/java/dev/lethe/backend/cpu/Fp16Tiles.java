package dev.lethe.backend.cpu;

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
 * sign and for an exponent that is 112 too small; so it takes a mask and a multiplication, which is
 * exact for subnormal numbers, too. What is infinite would become finite, so weights of which one
 * is are kept in single precision.
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

  private static final int UP = 1 << 16;
  private static final int SIGN_SIZE = 0x8fffe000;
  private static final float BIAS = 0x1p112f;

  private Fp16Tiles() {}

  /** The number whose bits are the upper half of a word. */
  static float upper(int word) {
    return Float.intBitsToFloat(word >> 3 & SIGN_SIZE) * BIAS;
  }

  /** Whether no weight is infinite or NaN. */
  static boolean allFinite(int depth, int blocks, int width, Packed.Source source) {
    for (int block = 0; block < blocks; block++) {
      for (int k = 0; k < depth; k++) {
        for (int column = 0; column < width; column++) {
          if (!Float.isFinite(source.at(k, block, column))) {
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
          pair.mul(UP)
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
          pair.mul(UP)
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
          pair.mul(UP)
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
          pair.mul(UP)
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
          pair.mul(UP)
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
          pair.mul(UP)
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
          pair.mul(UP)
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
