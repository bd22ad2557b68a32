package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matrix products on the Vector API: outer products of a tile's column with a panel's row of two
 * vectors, all sums in registers. A method for each height, written out since HotSpot keeps only
 * local variables in registers, and without unrolling, since in larger methods it gives up inlining
 * and with that registers (steps of two made it 20 % slower).
 */
final class VectorTiles {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  /** Columns of a panel. */
  static final int PANEL = 2 * LANES;

  /**
   * Rows of the highest tile; 12 are too many for the general registers, which hold their places.
   */
  static final int HIGHEST = 8;

  /** Rows of the other tile, which spans two panels to have as many sums. */
  static final int LOW = 4;

  /** Sums of {@link #multiplyAdd}: enough to hide how long an FMA takes, few enough for AVX2. */
  static final int CHAINS = 12;

  private VectorTiles() {}

  /**
   * As {@link Kernels#product}.
   *
   * @param panels of the block, one or two of [depth][PANEL], from {@code at}
   * @param width of the block: from one row of z to the next
   */
  static void product(
      int count,
      int depth,
      float[] panels,
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
    int left = count % HIGHEST;
    int high = left == 0 || left > LOW ? count : count - left;
    // a panel stays in the first-level cache for all rows
    for (int column = 0; column < width && high > 0; column += PANEL) {
      int panel = at + column * depth;
      for (int row = 0; row < high; row += HIGHEST) {
        int f = fromAt + row * fromStride + column;
        int t = zAt + row * width + column;
        rows8(depth, panels, panel, a, rows, first + row, from, f, fromStride, z, t, width);
      }
    }
    if (high < count) {
      int f = fromAt + high * fromStride;
      int t = zAt + high * width;
      if (left == 1) {
        oneRow(depth, width, panels, at, a, rows[first + high], from, f, z, t);
      } else if (width == PANEL) {
        rows4(depth, panels, at, a, rows, first + high, from, f, fromStride, z, t, width);
      } else {
        rows4Wide(depth, panels, at, a, rows, first + high, from, f, fromStride, z, t, width);
      }
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(SPECIES, from, at);
  }

  /** One row of a block of one panel or two. */
  private static void oneRow(
      int depth,
      int width,
      float[] panels,
      int at,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    if (width == PANEL) {
      onePanel(depth, panels, at, a, aAt, from, fromAt, z, zAt);
    } else {
      twoPanels(depth, panels, at, a, aAt, from, fromAt, z, zAt);
    }
  }

  private static void onePanel(
      int depth,
      float[] panels,
      int at,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    FloatVector l = load(from, fromAt);
    FloatVector r = load(from, fromAt + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector s = FloatVector.broadcast(SPECIES, a[aAt + k]);
      l = load(panels, at + k * PANEL).fma(s, l);
      r = load(panels, at + k * PANEL + LANES).fma(s, r);
    }
    l.intoArray(z, zAt);
    r.intoArray(z, zAt + LANES);
  }

  /** Four sums at once, since one alone waits for itself. */
  private static void twoPanels(
      int depth,
      float[] panels,
      int at,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    int next = at + depth * PANEL;
    FloatVector l0 = load(from, fromAt);
    FloatVector r0 = load(from, fromAt + LANES);
    FloatVector l1 = load(from, fromAt + PANEL);
    FloatVector r1 = load(from, fromAt + PANEL + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector s = FloatVector.broadcast(SPECIES, a[aAt + k]);
      l0 = load(panels, at + k * PANEL).fma(s, l0);
      r0 = load(panels, at + k * PANEL + LANES).fma(s, r0);
      l1 = load(panels, next + k * PANEL).fma(s, l1);
      r1 = load(panels, next + k * PANEL + LANES).fma(s, r1);
    }
    l0.intoArray(z, zAt);
    r0.intoArray(z, zAt + LANES);
    l1.intoArray(z, zAt + PANEL);
    r1.intoArray(z, zAt + PANEL + LANES);
  }

  /**
   * One row of two blocks of two panels each, whose sums begin as {@code z} is: eight sums, since
   * fewer wait for each other, and four streams of weights, of which the second-level cache
   * delivers up to half as much again as of two.
   *
   * @param at where the first block begins, and {@code next} the other
   */
  static void twoBlocks(
      int depth,
      float[] panels,
      int at,
      int next,
      float[] a,
      int aAt,
      float[] z,
      int zAt,
      int zNext) {
    int at1 = at + depth * PANEL;
    int next1 = next + depth * PANEL;
    FloatVector l0 = load(z, zAt);
    FloatVector r0 = load(z, zAt + LANES);
    FloatVector l1 = load(z, zAt + PANEL);
    FloatVector r1 = load(z, zAt + PANEL + LANES);
    FloatVector l2 = load(z, zNext);
    FloatVector r2 = load(z, zNext + LANES);
    FloatVector l3 = load(z, zNext + PANEL);
    FloatVector r3 = load(z, zNext + PANEL + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector s = FloatVector.broadcast(SPECIES, a[aAt + k]);
      l0 = load(panels, at + k * PANEL).fma(s, l0);
      r0 = load(panels, at + k * PANEL + LANES).fma(s, r0);
      l1 = load(panels, at1 + k * PANEL).fma(s, l1);
      r1 = load(panels, at1 + k * PANEL + LANES).fma(s, r1);
      l2 = load(panels, next + k * PANEL).fma(s, l2);
      r2 = load(panels, next + k * PANEL + LANES).fma(s, r2);
      l3 = load(panels, next1 + k * PANEL).fma(s, l3);
      r3 = load(panels, next1 + k * PANEL + LANES).fma(s, r3);
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

  /** 8 rows of one panel. */
  private static void rows8(
      int depth,
      float[] panels,
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
      FloatVector left = load(panels, at + k * PANEL);
      FloatVector right = load(panels, at + k * PANEL + LANES);
      FloatVector s = FloatVector.broadcast(SPECIES, a[a0 + k]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[a1 + k]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[a2 + k]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[a3 + k]);
      l3 = left.fma(s, l3);
      r3 = right.fma(s, r3);
      s = FloatVector.broadcast(SPECIES, a[a4 + k]);
      l4 = left.fma(s, l4);
      r4 = right.fma(s, r4);
      s = FloatVector.broadcast(SPECIES, a[a5 + k]);
      l5 = left.fma(s, l5);
      r5 = right.fma(s, r5);
      s = FloatVector.broadcast(SPECIES, a[a6 + k]);
      l6 = left.fma(s, l6);
      r6 = right.fma(s, r6);
      s = FloatVector.broadcast(SPECIES, a[a7 + k]);
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

  /** 4 rows of one panel. */
  private static void rows4(
      int depth,
      float[] panels,
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
    FloatVector l0 = load(from, fromAt);
    FloatVector r0 = load(from, fromAt + LANES);
    FloatVector l1 = load(from, fromAt + fromStride);
    FloatVector r1 = load(from, fromAt + fromStride + LANES);
    FloatVector l2 = load(from, fromAt + 2 * fromStride);
    FloatVector r2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector l3 = load(from, fromAt + 3 * fromStride);
    FloatVector r3 = load(from, fromAt + 3 * fromStride + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector left = load(panels, at + k * PANEL);
      FloatVector right = load(panels, at + k * PANEL + LANES);
      FloatVector s = FloatVector.broadcast(SPECIES, a[a0 + k]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      s = FloatVector.broadcast(SPECIES, a[a1 + k]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      s = FloatVector.broadcast(SPECIES, a[a2 + k]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      s = FloatVector.broadcast(SPECIES, a[a3 + k]);
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

  /** 4 rows of two panels. */
  private static void rows4Wide(
      int depth,
      float[] panels,
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
    int next = at + depth * PANEL;
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
      FloatVector left = load(panels, at + k * PANEL);
      FloatVector right = load(panels, at + k * PANEL + LANES);
      FloatVector nextLeft = load(panels, next + k * PANEL);
      FloatVector nextRight = load(panels, next + k * PANEL + LANES);
      FloatVector s = FloatVector.broadcast(SPECIES, a[a0 + k]);
      l0 = left.fma(s, l0);
      r0 = right.fma(s, r0);
      m0 = nextLeft.fma(s, m0);
      n0 = nextRight.fma(s, n0);
      s = FloatVector.broadcast(SPECIES, a[a1 + k]);
      l1 = left.fma(s, l1);
      r1 = right.fma(s, r1);
      m1 = nextLeft.fma(s, m1);
      n1 = nextRight.fma(s, n1);
      s = FloatVector.broadcast(SPECIES, a[a2 + k]);
      l2 = left.fma(s, l2);
      r2 = right.fma(s, r2);
      m2 = nextLeft.fma(s, m2);
      n2 = nextRight.fma(s, n2);
      s = FloatVector.broadcast(SPECIES, a[a3 + k]);
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

  /** As {@link Kernels#multiplyAdd}: sums that do not wait for each other, drawn towards 1. */
  static float multiplyAdd(int rounds, float seed) {
    FloatVector m = FloatVector.broadcast(SPECIES, 0.75f);
    FloatVector b = FloatVector.broadcast(SPECIES, 0.25f);
    FloatVector s0 = FloatVector.broadcast(SPECIES, seed + 0);
    FloatVector s1 = FloatVector.broadcast(SPECIES, seed + 1);
    FloatVector s2 = FloatVector.broadcast(SPECIES, seed + 2);
    FloatVector s3 = FloatVector.broadcast(SPECIES, seed + 3);
    FloatVector s4 = FloatVector.broadcast(SPECIES, seed + 4);
    FloatVector s5 = FloatVector.broadcast(SPECIES, seed + 5);
    FloatVector s6 = FloatVector.broadcast(SPECIES, seed + 6);
    FloatVector s7 = FloatVector.broadcast(SPECIES, seed + 7);
    FloatVector s8 = FloatVector.broadcast(SPECIES, seed + 8);
    FloatVector s9 = FloatVector.broadcast(SPECIES, seed + 9);
    FloatVector s10 = FloatVector.broadcast(SPECIES, seed + 10);
    FloatVector s11 = FloatVector.broadcast(SPECIES, seed + 11);
    for (int k = 0; k < rounds; k++) {
      s0 = s0.fma(m, b);
      s1 = s1.fma(m, b);
      s2 = s2.fma(m, b);
      s3 = s3.fma(m, b);
      s4 = s4.fma(m, b);
      s5 = s5.fma(m, b);
      s6 = s6.fma(m, b);
      s7 = s7.fma(m, b);
      s8 = s8.fma(m, b);
      s9 = s9.fma(m, b);
      s10 = s10.fma(m, b);
      s11 = s11.fma(m, b);
    }
    FloatVector sum = s0.add(s1).add(s2).add(s3).add(s4).add(s5);
    sum = sum.add(s6).add(s7).add(s8).add(s9).add(s10).add(s11);
    return sum.lane(0);
  }
}
