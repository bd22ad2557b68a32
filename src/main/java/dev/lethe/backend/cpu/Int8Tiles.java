package dev.lethe.backend.cpu;

import static dev.lethe.backend.cpu.VectorTiles.SPECIES;
import static jdk.incubator.vector.VectorOperators.I2F;
import static jdk.incubator.vector.VectorOperators.LSHL;

import dev.lethe.network.Cell;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of weights in int8: an int holds those of four columns, see {@link Packed#quads}.
 * Shifted up until a weight is in the highest byte, it becomes a float as it is: to take the
 * weights below out of it takes an operation for each weight, to take them out of the sum one for
 * each sum. What the rows multiply is not rounded: integer products take as long, since Java has no
 * instruction that adds several up.
 */
final class Int8Tiles {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;
  private static final int WIDTH = VectorTiles.BLOCK;
  private static final float LESS = Packed.OF_HIGHEST_BYTE;
  private static final float BELOW = Packed.OF_BYTE_BELOW;

  /** How many k there are in a turn of {@link #oneRow}. */
  private static final int STEPS = 2;

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
    float[] sums = SUMS.get();
    if (count == 1) {
      int whole = depth - depth % STEPS;
      int at = weights.at(block);
      int[] words = weights.words();
      oneRow(whole, words, at, a.of[first], a.at[first], sums);
      if (whole < depth) {
        rest(whole, depth, words, at, a.of[first], a.at[first], sums);
      }
      scale(1, sums, scales, scalesAt, from, fromAt, 0, z, zAt);
      return;
    }
    Packed integers = weights.floats();
    int at = integers.at(block);
    int ahead = integers.at(next);
    for (int row = 0; row < count; row += STRIP) {
      int high = Math.min(STRIP, count - row);
      VectorTiles.product(
          high, depth, integers.panels(), at, ahead, a, first + row, ZEROS, 0, 0, sums, 0, WIDTH);
      int f = fromAt + row * fromStride;
      scale(high, sums, scales, scalesAt, from, f, fromStride, z, zAt + row * WIDTH);
    }
  }

  /** Sums of one row and the first k, several of which in a turn take less time than one. */
  private static void oneRow(int end, int[] words, int at, float[] a, int aAt, float[] sums) {
    FloatVector i = FloatVector.zero(SPECIES);
    FloatVector f = i;
    FloatVector g = i;
    FloatVector o = i;
    for (int k = 0; k < end; k += STEPS) {
      FloatVector s = FloatVector.broadcast(SPECIES, a[aAt + k]);
      IntVector quad = IntVector.fromArray(INTS, words, at + k * LANES);
      i = ((FloatVector) quad.convert(I2F, 0)).fma(s, i);
      f = ((FloatVector) quad.lanewise(LSHL, 8).convert(I2F, 0)).fma(s, f);
      g = ((FloatVector) quad.lanewise(LSHL, 16).convert(I2F, 0)).fma(s, g);
      o = ((FloatVector) quad.lanewise(LSHL, 24).convert(I2F, 0)).fma(s, o);
      s = FloatVector.broadcast(SPECIES, a[aAt + k + 1]);
      quad = IntVector.fromArray(INTS, words, at + k * LANES + LANES);
      i = ((FloatVector) quad.convert(I2F, 0)).fma(s, i);
      f = ((FloatVector) quad.lanewise(LSHL, 8).convert(I2F, 0)).fma(s, f);
      g = ((FloatVector) quad.lanewise(LSHL, 16).convert(I2F, 0)).fma(s, g);
      o = ((FloatVector) quad.lanewise(LSHL, 24).convert(I2F, 0)).fma(s, o);
    }
    i.intoArray(sums, 0);
    f.intoArray(sums, LANES);
    g.intoArray(sums, 2 * LANES);
    o.intoArray(sums, 3 * LANES);
  }

  /** Goes on with those sums: a few k, in plain Java, which needs no compiler to be fast enough. */
  private static void rest(
      int start, int end, int[] words, int at, float[] a, int aAt, float[] sums) {
    for (int k = start; k < end; k++) {
      for (int gate = 0; gate < Cell.GATES; gate++) {
        for (int j = 0; j < LANES; j++) {
          float weight = words[at + k * LANES + j] << gate * Byte.SIZE;
          int sum = gate * LANES + j;
          sums[sum] = Math.fma(weight, a[aAt + k], sums[sum]);
        }
      }
    }
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
      int t = zAt + row * WIDTH;
      FloatVector sum = FloatVector.fromArray(SPECIES, sums, s);
      FloatVector below = FloatVector.fromArray(SPECIES, sums, s + LANES);
      FloatVector own = sum.sub(below.mul(BELOW)).mul(LESS);
      FloatVector scale = FloatVector.fromArray(SPECIES, scales, scalesAt);
      FloatVector start = FloatVector.fromArray(SPECIES, from, f);
      own.fma(scale, start).intoArray(z, t);
      sum = below;
      below = FloatVector.fromArray(SPECIES, sums, s + 2 * LANES);
      own = sum.sub(below.mul(BELOW)).mul(LESS);
      scale = FloatVector.fromArray(SPECIES, scales, scalesAt + LANES);
      start = FloatVector.fromArray(SPECIES, from, f + LANES);
      own.fma(scale, start).intoArray(z, t + LANES);
      sum = below;
      below = FloatVector.fromArray(SPECIES, sums, s + 3 * LANES);
      own = sum.sub(below.mul(BELOW)).mul(LESS);
      scale = FloatVector.fromArray(SPECIES, scales, scalesAt + 2 * LANES);
      start = FloatVector.fromArray(SPECIES, from, f + 2 * LANES);
      own.fma(scale, start).intoArray(z, t + 2 * LANES);
      own = below.mul(LESS);
      scale = FloatVector.fromArray(SPECIES, scales, scalesAt + 3 * LANES);
      start = FloatVector.fromArray(SPECIES, from, f + 3 * LANES);
      own.fma(scale, start).intoArray(z, t + 3 * LANES);
    }
  }
}
