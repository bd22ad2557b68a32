package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of weights in int8: an int holds those of four columns, see {@link Packed#quads}, and a
 * byte in the highest place becomes a float that is 2^24 times as large. What the rows multiply is
 * not rounded: integer products take as long, since Java has no instruction that adds several up.
 */
final class Int8Tiles {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;
  private static final int WIDTH = VectorTiles.BLOCK;
  private static final int HALF = WIDTH / 2;
  private static final int HIGHEST_BYTE = 0xff000000;
  private static final float LESS = Packed.OF_HIGHEST_BYTE;

  /** Rows whose sums stay in the first-level cache until they are scaled. */
  private static final int STRIP = 64;

  private static final float[] ZEROS = new float[WIDTH];
  private static final ThreadLocal<float[]> SUMS =
      ThreadLocal.withInitial(() -> new float[STRIP * WIDTH]);

  private Int8Tiles() {}

  /** As {@link Kernels#product} of int8. */
  static void product(
      Packed weights,
      int block,
      int next,
      int count,
      Rows a,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt) {
    int depth = weights.depth();
    float[] scales = weights.scales();
    int scalesAt = block * WIDTH;
    if (count == 1) {
      int at = weights.at(block);
      int[] words = weights.words();
      oneRow(depth, words, at, scales, scalesAt, a.of[first], a.at[first], from, fromAt, z, zAt);
      return;
    }
    Packed integers = weights.floats();
    int at = integers.at(block);
    int ahead = integers.at(next);
    float[] sums = SUMS.get();
    for (int row = 0; row < count; row += STRIP) {
      int high = Math.min(STRIP, count - row);
      VectorTiles.product(
          high, depth, integers.panels(), at, ahead, a, first + row, ZEROS, 0, 0, sums, 0, WIDTH);
      int f = fromAt + row * fromStride;
      scale(high, sums, scales, scalesAt, from, f, fromStride, z, zAt + row * WIDTH);
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(VectorTiles.SPECIES, from, at);
  }

  private static void oneRow(
      int depth,
      int[] words,
      int at,
      float[] scales,
      int scalesAt,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    FloatVector l0 = FloatVector.zero(VectorTiles.SPECIES);
    FloatVector r0 = l0;
    FloatVector l1 = l0;
    FloatVector r1 = l0;
    for (int k = 0; k < depth; k++) {
      FloatVector s = FloatVector.broadcast(VectorTiles.SPECIES, a[aAt + k]);
      IntVector quad = IntVector.fromArray(INTS, words, at + k * LANES);
      IntVector part = quad.and(HIGHEST_BYTE);
      l0 = ((FloatVector) part.convert(VectorOperators.I2F, 0)).fma(s, l0);
      part = quad.lanewise(VectorOperators.LSHL, 8).and(HIGHEST_BYTE);
      r0 = ((FloatVector) part.convert(VectorOperators.I2F, 0)).fma(s, r0);
      part = quad.lanewise(VectorOperators.LSHL, 16).and(HIGHEST_BYTE);
      l1 = ((FloatVector) part.convert(VectorOperators.I2F, 0)).fma(s, l1);
      part = quad.lanewise(VectorOperators.LSHL, 24);
      r1 = ((FloatVector) part.convert(VectorOperators.I2F, 0)).fma(s, r1);
    }
    finish(l0, scales, scalesAt, from, fromAt, z, zAt);
    finish(r0, scales, scalesAt + LANES, from, fromAt + LANES, z, zAt + LANES);
    finish(l1, scales, scalesAt + HALF, from, fromAt + HALF, z, zAt + HALF);
    int last = HALF + LANES;
    finish(r1, scales, scalesAt + last, from, fromAt + last, z, zAt + last);
  }

  /** z = fma(sum, scales, from), for a sum 2^24 times too large. */
  private static void finish(
      FloatVector sum, float[] scales, int scalesAt, float[] from, int fromAt, float[] z, int zAt) {
    sum.mul(LESS).fma(load(scales, scalesAt), load(from, fromAt)).intoArray(z, zAt);
  }

  /**
   * Sums to pre-activations. Written out, to be larger than what HotSpot inlines (325 bytes):
   * together with products in one compiled method, vectors become objects.
   */
  private static void scale(
      int count,
      float[] sums,
      float[] scales,
      int scalesAt,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt) {
    for (int row = 0; row < count; row++) {
      int s = row * WIDTH;
      int f = fromAt + row * fromStride;
      FloatVector sum = FloatVector.fromArray(VectorTiles.SPECIES, sums, s).mul(LESS);
      FloatVector scale = FloatVector.fromArray(VectorTiles.SPECIES, scales, scalesAt);
      FloatVector start = FloatVector.fromArray(VectorTiles.SPECIES, from, f);
      sum.fma(scale, start).intoArray(z, zAt + row * WIDTH);
      sum = FloatVector.fromArray(VectorTiles.SPECIES, sums, s + LANES).mul(LESS);
      scale = FloatVector.fromArray(VectorTiles.SPECIES, scales, scalesAt + LANES);
      start = FloatVector.fromArray(VectorTiles.SPECIES, from, f + LANES);
      sum.fma(scale, start).intoArray(z, zAt + row * WIDTH + LANES);
      sum = FloatVector.fromArray(VectorTiles.SPECIES, sums, s + 2 * LANES).mul(LESS);
      scale = FloatVector.fromArray(VectorTiles.SPECIES, scales, scalesAt + 2 * LANES);
      start = FloatVector.fromArray(VectorTiles.SPECIES, from, f + 2 * LANES);
      sum.fma(scale, start).intoArray(z, zAt + row * WIDTH + 2 * LANES);
      sum = FloatVector.fromArray(VectorTiles.SPECIES, sums, s + 3 * LANES).mul(LESS);
      scale = FloatVector.fromArray(VectorTiles.SPECIES, scales, scalesAt + 3 * LANES);
      start = FloatVector.fromArray(VectorTiles.SPECIES, from, f + 3 * LANES);
      sum.fma(scale, start).intoArray(z, zAt + row * WIDTH + 3 * LANES);
    }
  }
}
