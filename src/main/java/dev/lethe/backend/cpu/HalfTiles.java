package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link VectorTiles} for weights in bf16, of which half as many bytes are read: at a batch of one
 * those are what a step waits for. An int holds two weights, that of a column in its upper half and
 * that of the column {@code LANES} further in its lower half; shifted up, each is a float. Its
 * tiles are those of {@link VectorTiles} but for how a weight is read; they are written out again
 * for the reason given there.
 */
final class HalfTiles {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;
  private static final int PANEL = VectorTiles.PANEL;
  private static final int UPPER = 0xffff0000;
  private static final int UP = 1 << 16;

  private HalfTiles() {}

  /** The upper half of a number that has nothing else; any NaN as one. */
  static int bits(float weight) {
    return Float.floatToIntBits(weight) >>> 16;
  }

  /** As {@link VectorTiles#product}; {@code pairs} are of two panels, each [depth][LANES]. */
  static void product(
      int count,
      int depth,
      int[] pairs,
      int at,
      float[] a,
      int[] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt) {
    int width = 2 * PANEL;
    int left = count % VectorTiles.HIGHEST;
    int high = left == 0 || left > VectorTiles.LOW ? count : count - left;
    for (int column = 0; column < width && high > 0; column += PANEL) {
      int panel = at + column / 2 * depth;
      for (int row = 0; row < high; row += VectorTiles.HIGHEST) {
        int f = fromAt + row * fromStride + column;
        int t = zAt + row * width + column;
        rows8(depth, pairs, panel, a, rows, first + row, from, f, fromStride, z, t, width);
      }
    }
    if (high < count) {
      int f = fromAt + high * fromStride;
      int t = zAt + high * width;
      if (left == 1) {
        oneRow(depth, pairs, at, a, rows[first + high], from, f, z, t);
      } else {
        rows4(depth, pairs, at, a, rows, first + high, from, f, fromStride, z, t, width);
      }
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(VectorTiles.SPECIES, from, at);
  }

  private static IntVector pair(int[] pairs, int at) {
    return IntVector.fromArray(INTS, pairs, at);
  }

  private static FloatVector upper(IntVector pair) {
    return pair.and(UPPER).reinterpretAsFloats();
  }

  /** A multiplication, since shifts are slow on Java 17. */
  private static FloatVector lower(IntVector pair) {
    return pair.mul(UP).reinterpretAsFloats();
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
      IntVector pair = pair(pairs, at + k * LANES);
      l0 = upper(pair).fma(s, l0);
      r0 = lower(pair).fma(s, r0);
      pair = pair(pairs, next + k * LANES);
      l1 = upper(pair).fma(s, l1);
      r1 = lower(pair).fma(s, r1);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    l1.intoArray(z, zAt + PANEL);
    r1.intoArray(z, zAt + PANEL + LANES);
  }

  /** As {@link VectorTiles#twoBlocks}. */
  static void twoBlocks(
      int depth, int[] pairs, int at, int next, float[] a, int aAt, float[] z, int zAt, int zNext) {
    int at1 = at + depth * LANES;
    int next1 = next + depth * LANES;
    FloatVector l0 = load(z, zAt);
    FloatVector r0 = load(z, zAt + LANES);
    FloatVector l1 = load(z, zAt + PANEL);
    FloatVector r1 = load(z, zAt + PANEL + LANES);
    FloatVector l2 = load(z, zNext);
    FloatVector r2 = load(z, zNext + LANES);
    FloatVector l3 = load(z, zNext + PANEL);
    FloatVector r3 = load(z, zNext + PANEL + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector s = FloatVector.broadcast(VectorTiles.SPECIES, a[aAt + k]);
      IntVector pair = pair(pairs, at + k * LANES);
      l0 = upper(pair).fma(s, l0);
      r0 = lower(pair).fma(s, r0);
      pair = pair(pairs, at1 + k * LANES);
      l1 = upper(pair).fma(s, l1);
      r1 = lower(pair).fma(s, r1);
      pair = pair(pairs, next + k * LANES);
      l2 = upper(pair).fma(s, l2);
      r2 = lower(pair).fma(s, r2);
      pair = pair(pairs, next1 + k * LANES);
      l3 = upper(pair).fma(s, l3);
      r3 = lower(pair).fma(s, r3);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    l1.intoArray(z, zAt + PANEL);
    r1.intoArray(z, zAt + PANEL + LANES);
    l2.intoArray(z, zNext);
    r2.intoArray(z, zNext + LANES);
    l3.intoArray(z, zNext + PANEL);
    r3.intoArray(z, zNext + PANEL + LANES);
  }

  private static void rows8(
      int depth,
      int[] pairs,
      int at,
      float[] a,
      int[] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    int a0 = rows[first];
    int a1 = rows[first + 1];
    int a2 = rows[first + 2];
    int a3 = rows[first + 3];
    int a4 = rows[first + 4];
    int a5 = rows[first + 5];
    int a6 = rows[first + 6];
    int a7 = rows[first + 7];
    FloatVector l0 = load(from, fromAt);
    FloatVector r0 = load(from, fromAt + LANES);
    FloatVector l1 = load(from, fromAt + fromStride);
    FloatVector r1 = load(from, fromAt + fromStride + LANES);
    FloatVector l2 = load(from, fromAt + 2 * fromStride);
    FloatVector r2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector l3 = load(from, fromAt + 3 * fromStride);
    FloatVector r3 = load(from, fromAt + 3 * fromStride + LANES);
    FloatVector l4 = load(from, fromAt + 4 * fromStride);
    FloatVector r4 = load(from, fromAt + 4 * fromStride + LANES);
    FloatVector l5 = load(from, fromAt + 5 * fromStride);
    FloatVector r5 = load(from, fromAt + 5 * fromStride + LANES);
    FloatVector l6 = load(from, fromAt + 6 * fromStride);
    FloatVector r6 = load(from, fromAt + 6 * fromStride + LANES);
    FloatVector l7 = load(from, fromAt + 7 * fromStride);
    FloatVector r7 = load(from, fromAt + 7 * fromStride + LANES);
    for (int k = 0; k < depth; k++) {
      IntVector pair = pair(pairs, at + k * LANES);
      FloatVector left = upper(pair);
      FloatVector right = lower(pair);
      FloatVector s = FloatVector.broadcast(VectorTiles.SPECIES, a[a0 + k]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a1 + k]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a2 + k]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a3 + k]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a4 + k]);
      l4 = left.fma(s, l4);
      r4 = right.fma(s, r4);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a5 + k]);
      l5 = left.fma(s, l5);
      r5 = right.fma(s, r5);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a6 + k]);
      l6 = left.fma(s, l6);
      r6 = right.fma(s, r6);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a7 + k]);
      l7 = left.fma(s, l7);
      r7 = right.fma(s, r7);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    l1.intoArray(z, zAt + width);
    r1.intoArray(z, zAt + width + LANES);
    l2.intoArray(z, zAt + 2 * width);
    r2.intoArray(z, zAt + 2 * width + LANES);
    l3.intoArray(z, zAt + 3 * width);
    r3.intoArray(z, zAt + 3 * width + LANES);
    l4.intoArray(z, zAt + 4 * width);
    r4.intoArray(z, zAt + 4 * width + LANES);
    l5.intoArray(z, zAt + 5 * width);
    r5.intoArray(z, zAt + 5 * width + LANES);
    l6.intoArray(z, zAt + 6 * width);
    r6.intoArray(z, zAt + 6 * width + LANES);
    l7.intoArray(z, zAt + 7 * width);
    r7.intoArray(z, zAt + 7 * width + LANES);
  }

  /** 4 rows of both panels. */
  private static void rows4(
      int depth,
      int[] pairs,
      int at,
      float[] a,
      int[] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    int next = at + depth * LANES;
    int a0 = rows[first];
    int a1 = rows[first + 1];
    int a2 = rows[first + 2];
    int a3 = rows[first + 3];
    FloatVector l0 = load(from, fromAt);
    FloatVector r0 = load(from, fromAt + LANES);
    FloatVector m0 = load(from, fromAt + PANEL);
    FloatVector n0 = load(from, fromAt + PANEL + LANES);
    FloatVector l1 = load(from, fromAt + fromStride);
    FloatVector r1 = load(from, fromAt + fromStride + LANES);
    FloatVector m1 = load(from, fromAt + fromStride + PANEL);
    FloatVector n1 = load(from, fromAt + fromStride + PANEL + LANES);
    FloatVector l2 = load(from, fromAt + 2 * fromStride);
    FloatVector r2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector m2 = load(from, fromAt + 2 * fromStride + PANEL);
    FloatVector n2 = load(from, fromAt + 2 * fromStride + PANEL + LANES);
    FloatVector l3 = load(from, fromAt + 3 * fromStride);
    FloatVector r3 = load(from, fromAt + 3 * fromStride + LANES);
    FloatVector m3 = load(from, fromAt + 3 * fromStride + PANEL);
    FloatVector n3 = load(from, fromAt + 3 * fromStride + PANEL + LANES);
    for (int k = 0; k < depth; k++) {
      IntVector pair = pair(pairs, at + k * LANES);
      FloatVector left = upper(pair);
      FloatVector right = lower(pair);
      pair = pair(pairs, next + k * LANES);
      FloatVector nextLeft = upper(pair);
      FloatVector nextRight = lower(pair);
      FloatVector s = FloatVector.broadcast(VectorTiles.SPECIES, a[a0 + k]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      m0 = nextLeft.fma(s, m0);
      n0 = nextRight.fma(s, n0);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a1 + k]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      m1 = nextLeft.fma(s, m1);
      n1 = nextRight.fma(s, n1);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a2 + k]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      m2 = nextLeft.fma(s, m2);
      n2 = nextRight.fma(s, n2);
      s = FloatVector.broadcast(VectorTiles.SPECIES, a[a3 + k]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      m3 = nextLeft.fma(s, m3);
      n3 = nextRight.fma(s, n3);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    m0.intoArray(z, zAt + PANEL);
    n0.intoArray(z, zAt + PANEL + LANES);
    l1.intoArray(z, zAt + width);
    r1.intoArray(z, zAt + width + LANES);
    m1.intoArray(z, zAt + width + PANEL);
    n1.intoArray(z, zAt + width + PANEL + LANES);
    l2.intoArray(z, zAt + 2 * width);
    r2.intoArray(z, zAt + 2 * width + LANES);
    m2.intoArray(z, zAt + 2 * width + PANEL);
    n2.intoArray(z, zAt + 2 * width + PANEL + LANES);
    l3.intoArray(z, zAt + 3 * width);
    r3.intoArray(z, zAt + 3 * width + LANES);
    m3.intoArray(z, zAt + 3 * width + PANEL);
    n3.intoArray(z, zAt + 3 * width + PANEL + LANES);
  }
}
