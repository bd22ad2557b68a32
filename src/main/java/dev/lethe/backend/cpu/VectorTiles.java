package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matrix products on the Vector API: outer products of a tile's column with a panel's row of two
 * vectors, all sums in registers. A method for each height, written out since HotSpot keeps only
 * local variables in registers, and of at most 8 rows, since it gives up inlining, and with that
 * registers, in larger methods.
 */
final class VectorTiles {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  /** Columns of a panel. */
  static final int PANEL = 2 * LANES;

  private static final int TILE = Kernels.TILE;

  private VectorTiles() {}

  /**
   * As {@link Kernels#product} on one panel.
   *
   * @param panels [depth][PANEL] from {@code at}
   * @param width from one row of z to the next
   */
  static void product(
      int rows,
      int depth,
      float[] panels,
      int at,
      float[] a,
      int aAt,
      float[] z,
      int zAt,
      int width) {
    if (rows > 4) {
      rows8(depth, panels, at, a, aAt, z, zAt, width);
    } else if (rows > 1) {
      rows4(depth, panels, at, a, aAt, z, zAt, width);
    } else {
      rows1(depth, panels, at, a, aAt, z, zAt);
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(SPECIES, from, at);
  }

  /** 8 rows of one panel, k in steps of two. */
  private static void rows8(
      int depth, float[] panels, int at, float[] a, int aAt, float[] z, int zAt, int width) {
    FloatVector l0 = load(z, zAt);
    FloatVector r0 = load(z, zAt + LANES);
    FloatVector l1 = load(z, zAt + width);
    FloatVector r1 = load(z, zAt + width + LANES);
    FloatVector l2 = load(z, zAt + 2 * width);
    FloatVector r2 = load(z, zAt + 2 * width + LANES);
    FloatVector l3 = load(z, zAt + 3 * width);
    FloatVector r3 = load(z, zAt + 3 * width + LANES);
    FloatVector l4 = load(z, zAt + 4 * width);
    FloatVector r4 = load(z, zAt + 4 * width + LANES);
    FloatVector l5 = load(z, zAt + 5 * width);
    FloatVector r5 = load(z, zAt + 5 * width + LANES);
    FloatVector l6 = load(z, zAt + 6 * width);
    FloatVector r6 = load(z, zAt + 6 * width + LANES);
    FloatVector l7 = load(z, zAt + 7 * width);
    FloatVector r7 = load(z, zAt + 7 * width + LANES);
    int k = 0;
    for (; k < depth - 1; k += 2) {
      int w = at + k * PANEL;
      int x = aAt + k * TILE;
      FloatVector left = load(panels, w);
      FloatVector right = load(panels, w + LANES);
      FloatVector s = FloatVector.broadcast(SPECIES, a[x]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[x + 1]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[x + 2]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[x + 3]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      s = FloatVector.broadcast(SPECIES, a[x + 4]);
      l4 = left.fma(s, l4);
      r4 = right.fma(s, r4);
      s = FloatVector.broadcast(SPECIES, a[x + 5]);
      l5 = left.fma(s, l5);
      r5 = right.fma(s, r5);
      s = FloatVector.broadcast(SPECIES, a[x + 6]);
      l6 = left.fma(s, l6);
      r6 = right.fma(s, r6);
      s = FloatVector.broadcast(SPECIES, a[x + 7]);
      l7 = left.fma(s, l7);
      r7 = right.fma(s, r7);
      left = load(panels, w + PANEL);
      right = load(panels, w + PANEL + LANES);
      s = FloatVector.broadcast(SPECIES, a[x + 8]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[x + 9]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[x + 10]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[x + 11]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      s = FloatVector.broadcast(SPECIES, a[x + 12]);
      l4 = left.fma(s, l4);
      r4 = right.fma(s, r4);
      s = FloatVector.broadcast(SPECIES, a[x + 13]);
      l5 = left.fma(s, l5);
      r5 = right.fma(s, r5);
      s = FloatVector.broadcast(SPECIES, a[x + 14]);
      l6 = left.fma(s, l6);
      r6 = right.fma(s, r6);
      s = FloatVector.broadcast(SPECIES, a[x + 15]);
      l7 = left.fma(s, l7);
      r7 = right.fma(s, r7);
    }
    if (k < depth) {
      FloatVector left = load(panels, at + k * PANEL);
      FloatVector right = load(panels, at + k * PANEL + LANES);
      int x = aAt + k * TILE;
      FloatVector s = FloatVector.broadcast(SPECIES, a[x]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[x + 1]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[x + 2]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[x + 3]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      s = FloatVector.broadcast(SPECIES, a[x + 4]);
      l4 = left.fma(s, l4);
      r4 = right.fma(s, r4);
      s = FloatVector.broadcast(SPECIES, a[x + 5]);
      l5 = left.fma(s, l5);
      r5 = right.fma(s, r5);
      s = FloatVector.broadcast(SPECIES, a[x + 6]);
      l6 = left.fma(s, l6);
      r6 = right.fma(s, r6);
      s = FloatVector.broadcast(SPECIES, a[x + 7]);
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

  /** 4 rows of one panel, k in steps of two. */
  private static void rows4(
      int depth, float[] panels, int at, float[] a, int aAt, float[] z, int zAt, int width) {
    FloatVector l0 = load(z, zAt);
    FloatVector r0 = load(z, zAt + LANES);
    FloatVector l1 = load(z, zAt + width);
    FloatVector r1 = load(z, zAt + width + LANES);
    FloatVector l2 = load(z, zAt + 2 * width);
    FloatVector r2 = load(z, zAt + 2 * width + LANES);
    FloatVector l3 = load(z, zAt + 3 * width);
    FloatVector r3 = load(z, zAt + 3 * width + LANES);
    int k = 0;
    for (; k < depth - 1; k += 2) {
      int w = at + k * PANEL;
      int x = aAt + k * TILE;
      FloatVector left = load(panels, w);
      FloatVector right = load(panels, w + LANES);
      FloatVector s = FloatVector.broadcast(SPECIES, a[x]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[x + 1]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[x + 2]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[x + 3]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      left = load(panels, w + PANEL);
      right = load(panels, w + PANEL + LANES);
      s = FloatVector.broadcast(SPECIES, a[x + 8]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[x + 9]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[x + 10]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[x + 11]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
    }
    if (k < depth) {
      FloatVector left = load(panels, at + k * PANEL);
      FloatVector right = load(panels, at + k * PANEL + LANES);
      int x = aAt + k * TILE;
      FloatVector s = FloatVector.broadcast(SPECIES, a[x]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[x + 1]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[x + 2]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[x + 3]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    l1.intoArray(z, zAt + width);
    r1.intoArray(z, zAt + width + LANES);
    l2.intoArray(z, zAt + 2 * width);
    r2.intoArray(z, zAt + 2 * width + LANES);
    l3.intoArray(z, zAt + 3 * width);
    r3.intoArray(z, zAt + 3 * width + LANES);
  }

  /** 1 rows of one panel, k in steps of two. */
  private static void rows1(
      int depth, float[] panels, int at, float[] a, int aAt, float[] z, int zAt) {
    FloatVector l0 = load(z, zAt);
    FloatVector r0 = load(z, zAt + LANES);
    int k = 0;
    for (; k < depth - 1; k += 2) {
      int w = at + k * PANEL;
      int x = aAt + k * TILE;
      FloatVector left = load(panels, w);
      FloatVector right = load(panels, w + LANES);
      FloatVector s = FloatVector.broadcast(SPECIES, a[x]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      left = load(panels, w + PANEL);
      right = load(panels, w + PANEL + LANES);
      s = FloatVector.broadcast(SPECIES, a[x + 8]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
    }
    if (k < depth) {
      FloatVector left = load(panels, at + k * PANEL);
      FloatVector right = load(panels, at + k * PANEL + LANES);
      int x = aAt + k * TILE;
      FloatVector s = FloatVector.broadcast(SPECIES, a[x]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
  }
}
