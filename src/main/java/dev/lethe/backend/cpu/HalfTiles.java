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

  /** Columns of a panel of pairs, whatever {@link VectorTiles} has. */
  static final int PANEL = 2 * LANES;

  private static final int UPPER = 0xffff0000;

  private HalfTiles() {}

  /** The upper half of a number that has nothing else; any NaN as one. */
  static int bits(float weight) {
    return Float.floatToIntBits(weight) >>> 16;
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

  /** One row of a block, whose {@code pairs} are of two panels, each [depth][LANES]. */
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
}
