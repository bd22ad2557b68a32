package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link VectorTiles} for weights in bf16, of which half as many bytes are read: at a batch of one
 * those are what a step waits for. An int holds two weights, that of a column in its upper half and
 * that of the column {@code LANES} further in its lower half; shifted up, each is a float. Methods
 * are written out for the reason given in {@link VectorTiles}.
 */
final class HalfTiles {
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = VectorTiles.LANES;
  private static final int BLOCK = VectorTiles.BLOCK;

  /** Columns of a panel of pairs, whatever {@link VectorTiles} has. */
  static final int PANEL = 2 * LANES;

  private static final int UPPER = 0xffff0000;

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
    for (int row = 0; row < count; row += 4) {
      int f = fromAt + row * fromStride;
      rows4(depth, pairs, at, a, first + row, from, f, fromStride, z, zAt + row * BLOCK);
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

  private static FloatVector lower(IntVector pair) {
    return pair.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
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

  /** 4 rows of both panels. */
  private static void rows4(
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
    int next = at + depth * LANES;
    float[] row0 = a.of[first];
    float[] row1 = a.of[first + 1];
    float[] row2 = a.of[first + 2];
    float[] row3 = a.of[first + 3];
    int a0 = a.at[first];
    int a1 = a.at[first + 1];
    int a2 = a.at[first + 2];
    int a3 = a.at[first + 3];
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
      FloatVector s = FloatVector.broadcast(VectorTiles.SPECIES, row0[a0 + k]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      m0 = nextLeft.fma(s, m0);
      n0 = nextRight.fma(s, n0);
      s = FloatVector.broadcast(VectorTiles.SPECIES, row1[a1 + k]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      m1 = nextLeft.fma(s, m1);
      n1 = nextRight.fma(s, n1);
      s = FloatVector.broadcast(VectorTiles.SPECIES, row2[a2 + k]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      m2 = nextLeft.fma(s, m2);
      n2 = nextRight.fma(s, n2);
      s = FloatVector.broadcast(VectorTiles.SPECIES, row3[a3 + k]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      m3 = nextLeft.fma(s, m3);
      n3 = nextRight.fma(s, n3);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    m0.intoArray(z, zAt + PANEL);
    n0.intoArray(z, zAt + PANEL + LANES);
    l1.intoArray(z, zAt + BLOCK);
    r1.intoArray(z, zAt + BLOCK + LANES);
    m1.intoArray(z, zAt + BLOCK + PANEL);
    n1.intoArray(z, zAt + BLOCK + PANEL + LANES);
    l2.intoArray(z, zAt + 2 * BLOCK);
    r2.intoArray(z, zAt + 2 * BLOCK + LANES);
    m2.intoArray(z, zAt + 2 * BLOCK + PANEL);
    n2.intoArray(z, zAt + 2 * BLOCK + PANEL + LANES);
    l3.intoArray(z, zAt + 3 * BLOCK);
    r3.intoArray(z, zAt + 3 * BLOCK + LANES);
    m3.intoArray(z, zAt + 3 * BLOCK + PANEL);
    n3.intoArray(z, zAt + 3 * BLOCK + PANEL + LANES);
  }
}
