package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Products of weights in int8: an int holds those of four columns, see {@link Packed#quads}, and a
 * byte in the highest place becomes a float that is 2^24 times as large. What the rows multiply is
 * not rounded: integer products take as long, since Java has no instruction that adds several up.
 *
 * <p>As in {@link Fp16Tiles}, weights are widened as they are read for one row, and before for
 * more.
 */
final class Int8Tiles {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;
  private static final int PANEL = VectorTiles.PANEL;
  private static final int WIDTH = 2 * PANEL;
  private static final int HIGHEST_BYTE = 0xff000000;
  private static final float LESS = 0x1p-24f;

  /** Rows whose sums stay in the first-level cache until they are scaled. */
  private static final int STRIP = 64;

  private static final float[] ZEROS = new float[WIDTH];

  private Int8Tiles() {}

  /**
   * As {@link Kernels#product} of int8.
   *
   * @param words [depth][LANES] from {@code at}
   * @param scales [WIDTH] from {@code scalesAt}
   */
  static void product(
      int count,
      int depth,
      int[] words,
      int at,
      float[] scales,
      int scalesAt,
      float[] a,
      int[] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt) {
    float[] sums = Widened.sums(STRIP * WIDTH);
    if (count == 1) {
      oneRow(depth, words, at, a, rows[first], sums);
      scale(1, sums, scales, scalesAt, from, fromAt, fromStride, z, zAt);
      return;
    }
    float[] panels = Widened.weights(WIDTH * depth);
    widen(words, at, depth, panels);
    for (int row = 0; row < count; row += STRIP) {
      int high = Math.min(STRIP, count - row);
      VectorTiles.product(
          high, depth, panels, 0, a, rows, first + row, ZEROS, 0, 0, sums, 0, WIDTH);
      int f = fromAt + row * fromStride;
      scale(high, sums, scales, scalesAt, from, f, fromStride, z, zAt + row * WIDTH);
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(VectorTiles.SPECIES, from, at);
  }

  private static IntVector quad(int[] words, int at) {
    return IntVector.fromArray(INTS, words, at);
  }

  private static FloatVector floats(IntVector highest) {
    return (FloatVector) highest.convert(VectorOperators.I2F, 0);
  }

  /** The byte that a multiplication by {@code up} moves to the highest place. */
  private static FloatVector part(IntVector quad, int up) {
    return floats(quad.mul(up).and(HIGHEST_BYTE));
  }

  /** The sums of one row, 2^24 times as large. */
  private static void oneRow(int depth, int[] words, int at, float[] a, int aAt, float[] sums) {
    FloatVector l0 = FloatVector.zero(VectorTiles.SPECIES);
    FloatVector r0 = l0;
    FloatVector l1 = l0;
    FloatVector r1 = l0;
    for (int k = 0; k < depth; k++) {
      FloatVector s = FloatVector.broadcast(VectorTiles.SPECIES, a[aAt + k]);
      IntVector quad = quad(words, at + k * LANES);
      l0 = floats(quad.and(HIGHEST_BYTE)).fma(s, l0);
      r0 = part(quad, 1 << 8).fma(s, r0);
      l1 = part(quad, 1 << 16).fma(s, l1);
      r1 = floats(quad.mul(1 << 24)).fma(s, r1);
    }
    l0.intoArray(sums, 0);
    r0.intoArray(sums, LANES);
    l1.intoArray(sums, PANEL);
    r1.intoArray(sums, PANEL + LANES);
  }

  /** As two panels, 2^24 times as large. */
  private static void widen(int[] words, int at, int depth, float[] panels) {
    int next = depth * PANEL;
    for (int k = 0; k < depth; k++) {
      IntVector quad = quad(words, at + k * LANES);
      floats(quad.and(HIGHEST_BYTE)).intoArray(panels, k * PANEL);
      part(quad, 1 << 8).intoArray(panels, k * PANEL + LANES);
      part(quad, 1 << 16).intoArray(panels, next + k * PANEL);
      floats(quad.mul(1 << 24)).intoArray(panels, next + k * PANEL + LANES);
    }
  }

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
      for (int column = 0; column < WIDTH; column += LANES) {
        FloatVector start = load(from, fromAt + row * fromStride + column);
        load(sums, row * WIDTH + column)
            .mul(LESS)
            .fma(load(scales, scalesAt + column), start)
            .intoArray(z, zAt + row * WIDTH + column);
      }
    }
  }
}
