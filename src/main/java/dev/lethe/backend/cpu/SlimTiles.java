package dev.lethe.backend.cpu;

import static dev.lethe.backend.cpu.VectorTiles.LANES;
import static dev.lethe.backend.cpu.VectorTiles.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Tiles of {@link VectorTiles} two vectors wide, for processors with 16 vector registers: twelve
 * sums, two vectors of weights and one of a row's. All rows are in one array: where each has its
 * own, HotSpot reads all rows' numbers before it multiplies, and runs out of registers. For the
 * same reason {@code k * 2 * LANES} stands where {@code k * PANEL} would do: the checks of the
 * index then stay in the loop, and reading beside them.
 */
final class SlimTiles {
  /** Vectors of a row of a panel. */
  static final int VECTORS = 2;

  private static final int PANEL = VECTORS * LANES;

  private SlimTiles() {}

  /** {@code height} rows of a panel: 2 to 6. */
  static void rows(
      int height,
      int depth,
      float[] panels,
      int at,
      Rows a,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    float[] all = a.of[0];
    int[] rows = a.at;
    switch (height) {
      case 2 -> rows2(depth, panels, at, all, rows, first, from, fromAt, fromStride, z, zAt, width);
      case 3 -> rows3(depth, panels, at, all, rows, first, from, fromAt, fromStride, z, zAt, width);
      case 4 -> rows4(depth, panels, at, all, rows, first, from, fromAt, fromStride, z, zAt, width);
      case 5 -> rows5(depth, panels, at, all, rows, first, from, fromAt, fromStride, z, zAt, width);
      default ->
          rows6(depth, panels, at, all, rows, first, from, fromAt, fromStride, z, zAt, width);
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(SPECIES, from, at);
  }

  /** Six rows of a panel. */
  private static void rows6(
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
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector p3 = load(from, fromAt + 3 * fromStride);
    FloatVector q3 = load(from, fromAt + 3 * fromStride + LANES);
    FloatVector p4 = load(from, fromAt + 4 * fromStride);
    FloatVector q4 = load(from, fromAt + 4 * fromStride + LANES);
    FloatVector p5 = load(from, fromAt + 5 * fromStride);
    FloatVector q5 = load(from, fromAt + 5 * fromStride + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector w0 = load(panels, at + k * 2 * LANES);
      FloatVector w1 = load(panels, at + k * 2 * LANES + LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a[a0 + k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      v = FloatVector.broadcast(SPECIES, a[a1 + k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      v = FloatVector.broadcast(SPECIES, a[a2 + k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      v = FloatVector.broadcast(SPECIES, a[a3 + k]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      v = FloatVector.broadcast(SPECIES, a[a4 + k]);
      p4 = w0.fma(v, p4);
      q4 = w1.fma(v, q4);
      v = FloatVector.broadcast(SPECIES, a[a5 + k]);
      p5 = w0.fma(v, p5);
      q5 = w1.fma(v, q5);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
    p3.intoArray(z, zAt + 3 * width);
    q3.intoArray(z, zAt + 3 * width + LANES);
    p4.intoArray(z, zAt + 4 * width);
    q4.intoArray(z, zAt + 4 * width + LANES);
    p5.intoArray(z, zAt + 5 * width);
    q5.intoArray(z, zAt + 5 * width + LANES);
  }

  /** Five rows of a panel. */
  private static void rows5(
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
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector p3 = load(from, fromAt + 3 * fromStride);
    FloatVector q3 = load(from, fromAt + 3 * fromStride + LANES);
    FloatVector p4 = load(from, fromAt + 4 * fromStride);
    FloatVector q4 = load(from, fromAt + 4 * fromStride + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector w0 = load(panels, at + k * 2 * LANES);
      FloatVector w1 = load(panels, at + k * 2 * LANES + LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a[a0 + k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      v = FloatVector.broadcast(SPECIES, a[a1 + k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      v = FloatVector.broadcast(SPECIES, a[a2 + k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      v = FloatVector.broadcast(SPECIES, a[a3 + k]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      v = FloatVector.broadcast(SPECIES, a[a4 + k]);
      p4 = w0.fma(v, p4);
      q4 = w1.fma(v, q4);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
    p3.intoArray(z, zAt + 3 * width);
    q3.intoArray(z, zAt + 3 * width + LANES);
    p4.intoArray(z, zAt + 4 * width);
    q4.intoArray(z, zAt + 4 * width + LANES);
  }

  /** Four rows of a panel. */
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
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector p3 = load(from, fromAt + 3 * fromStride);
    FloatVector q3 = load(from, fromAt + 3 * fromStride + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector w0 = load(panels, at + k * 2 * LANES);
      FloatVector w1 = load(panels, at + k * 2 * LANES + LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a[a0 + k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      v = FloatVector.broadcast(SPECIES, a[a1 + k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      v = FloatVector.broadcast(SPECIES, a[a2 + k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      v = FloatVector.broadcast(SPECIES, a[a3 + k]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
    p3.intoArray(z, zAt + 3 * width);
    q3.intoArray(z, zAt + 3 * width + LANES);
  }

  /** Three rows of a panel. */
  private static void rows3(
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
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector w0 = load(panels, at + k * 2 * LANES);
      FloatVector w1 = load(panels, at + k * 2 * LANES + LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a[a0 + k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      v = FloatVector.broadcast(SPECIES, a[a1 + k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      v = FloatVector.broadcast(SPECIES, a[a2 + k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
  }

  /** Two rows of a panel. */
  private static void rows2(
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
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector w0 = load(panels, at + k * 2 * LANES);
      FloatVector w1 = load(panels, at + k * 2 * LANES + LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a[a0 + k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      v = FloatVector.broadcast(SPECIES, a[a1 + k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
  }

  /** One row of a panel. */
  static void oneRow(
      int depth,
      float[] panels,
      int at,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    FloatVector p = load(from, fromAt);
    FloatVector q = load(from, fromAt + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector v = FloatVector.broadcast(SPECIES, a[aAt + k]);
      p = load(panels, at + k * PANEL).fma(v, p);
      q = load(panels, at + k * PANEL + LANES).fma(v, q);
    }
    p.intoArray(z, zAt);
    q.intoArray(z, zAt + LANES);
  }

  /**
   * One row of four panels that follow each other, whose sums begin as {@code z} is: four streams
   * of weights, of which the second-level cache delivers up to half as much again as of two.
   *
   * @param zAt0 where the sums of the first panel are, and so on
   */
  static void fourPanels(
      int depth,
      float[] panels,
      int at,
      float[] a,
      int aAt,
      float[] z,
      int zAt0,
      int zAt1,
      int zAt2,
      int zAt3) {
    int at1 = at + depth * PANEL;
    int at2 = at1 + depth * PANEL;
    int at3 = at2 + depth * PANEL;
    FloatVector p0 = load(z, zAt0);
    FloatVector q0 = load(z, zAt0 + LANES);
    FloatVector p1 = load(z, zAt1);
    FloatVector q1 = load(z, zAt1 + LANES);
    FloatVector p2 = load(z, zAt2);
    FloatVector q2 = load(z, zAt2 + LANES);
    FloatVector p3 = load(z, zAt3);
    FloatVector q3 = load(z, zAt3 + LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector v = FloatVector.broadcast(SPECIES, a[aAt + k]);
      p0 = load(panels, at + k * PANEL).fma(v, p0);
      q0 = load(panels, at + k * PANEL + LANES).fma(v, q0);
      p1 = load(panels, at1 + k * PANEL).fma(v, p1);
      q1 = load(panels, at1 + k * PANEL + LANES).fma(v, q1);
      p2 = load(panels, at2 + k * PANEL).fma(v, p2);
      q2 = load(panels, at2 + k * PANEL + LANES).fma(v, q2);
      p3 = load(panels, at3 + k * PANEL).fma(v, p3);
      q3 = load(panels, at3 + k * PANEL + LANES).fma(v, q3);
    }
    p0.intoArray(z, zAt0);
    q0.intoArray(z, zAt0 + LANES);
    p1.intoArray(z, zAt1);
    q1.intoArray(z, zAt1 + LANES);
    p2.intoArray(z, zAt2);
    q2.intoArray(z, zAt2 + LANES);
    p3.intoArray(z, zAt3);
    q3.intoArray(z, zAt3 + LANES);
  }
}
