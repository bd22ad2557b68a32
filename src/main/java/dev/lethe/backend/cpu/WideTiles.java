package dev.lethe.backend.cpu;

import static dev.lethe.backend.cpu.VectorTiles.LANES;
import static dev.lethe.backend.cpu.VectorTiles.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Tiles of {@link VectorTiles} four vectors wide, for processors with 32 vector registers: 24 sums,
 * four vectors of weights and one of a row's. Each row is in an array of its own, from its
 * beginning, whose address is all that reading it takes; places in one array would take two more
 * instructions for each number read.
 */
final class WideTiles {
  /** Vectors of a row of a panel. */
  static final int VECTORS = 4;

  private static final int PANEL = VECTORS * LANES;

  private WideTiles() {}

  /**
   * {@code height} rows of a panel: 2 to 6.
   *
   * @param start the k that the sums go on with
   * @param end before which they stop
   */
  static void rows(
      int height,
      int start,
      int end,
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
    float[][] rows = a.of;
    switch (height) {
      case 2 -> rows2(start, end, panels, at, rows, first, from, fromAt, fromStride, z, zAt, width);
      case 3 -> rows3(start, end, panels, at, rows, first, from, fromAt, fromStride, z, zAt, width);
      case 4 -> rows4(start, end, panels, at, rows, first, from, fromAt, fromStride, z, zAt, width);
      case 5 -> rows5(start, end, panels, at, rows, first, from, fromAt, fromStride, z, zAt, width);
      default ->
          rows6(start, end, panels, at, rows, first, from, fromAt, fromStride, z, zAt, width);
    }
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(SPECIES, from, at);
  }

  /** Six rows of a panel. */
  private static void rows6(
      int start,
      int end,
      float[] panels,
      int at,
      float[][] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    float[] a0 = rows[first];
    float[] a1 = rows[first + 1];
    float[] a2 = rows[first + 2];
    float[] a3 = rows[first + 3];
    float[] a4 = rows[first + 4];
    float[] a5 = rows[first + 5];
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector r0 = load(from, fromAt + 2 * LANES);
    FloatVector s0 = load(from, fromAt + 3 * LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector r1 = load(from, fromAt + fromStride + 2 * LANES);
    FloatVector s1 = load(from, fromAt + fromStride + 3 * LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector r2 = load(from, fromAt + 2 * fromStride + 2 * LANES);
    FloatVector s2 = load(from, fromAt + 2 * fromStride + 3 * LANES);
    FloatVector p3 = load(from, fromAt + 3 * fromStride);
    FloatVector q3 = load(from, fromAt + 3 * fromStride + LANES);
    FloatVector r3 = load(from, fromAt + 3 * fromStride + 2 * LANES);
    FloatVector s3 = load(from, fromAt + 3 * fromStride + 3 * LANES);
    FloatVector p4 = load(from, fromAt + 4 * fromStride);
    FloatVector q4 = load(from, fromAt + 4 * fromStride + LANES);
    FloatVector r4 = load(from, fromAt + 4 * fromStride + 2 * LANES);
    FloatVector s4 = load(from, fromAt + 4 * fromStride + 3 * LANES);
    FloatVector p5 = load(from, fromAt + 5 * fromStride);
    FloatVector q5 = load(from, fromAt + 5 * fromStride + LANES);
    FloatVector r5 = load(from, fromAt + 5 * fromStride + 2 * LANES);
    FloatVector s5 = load(from, fromAt + 5 * fromStride + 3 * LANES);
    for (int k = start; k < end; k++) {
      FloatVector w0 = load(panels, at + k * PANEL);
      FloatVector w1 = load(panels, at + k * PANEL + LANES);
      FloatVector w2 = load(panels, at + k * PANEL + 2 * LANES);
      FloatVector w3 = load(panels, at + k * PANEL + 3 * LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a0[k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, a1[k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      v = FloatVector.broadcast(SPECIES, a2[k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      v = FloatVector.broadcast(SPECIES, a3[k]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
      v = FloatVector.broadcast(SPECIES, a4[k]);
      p4 = w0.fma(v, p4);
      q4 = w1.fma(v, q4);
      r4 = w2.fma(v, r4);
      s4 = w3.fma(v, s4);
      v = FloatVector.broadcast(SPECIES, a5[k]);
      p5 = w0.fma(v, p5);
      q5 = w1.fma(v, q5);
      r5 = w2.fma(v, r5);
      s5 = w3.fma(v, s5);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    r0.intoArray(z, zAt + 2 * LANES);
    s0.intoArray(z, zAt + 3 * LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    r1.intoArray(z, zAt + width + 2 * LANES);
    s1.intoArray(z, zAt + width + 3 * LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
    r2.intoArray(z, zAt + 2 * width + 2 * LANES);
    s2.intoArray(z, zAt + 2 * width + 3 * LANES);
    p3.intoArray(z, zAt + 3 * width);
    q3.intoArray(z, zAt + 3 * width + LANES);
    r3.intoArray(z, zAt + 3 * width + 2 * LANES);
    s3.intoArray(z, zAt + 3 * width + 3 * LANES);
    p4.intoArray(z, zAt + 4 * width);
    q4.intoArray(z, zAt + 4 * width + LANES);
    r4.intoArray(z, zAt + 4 * width + 2 * LANES);
    s4.intoArray(z, zAt + 4 * width + 3 * LANES);
    p5.intoArray(z, zAt + 5 * width);
    q5.intoArray(z, zAt + 5 * width + LANES);
    r5.intoArray(z, zAt + 5 * width + 2 * LANES);
    s5.intoArray(z, zAt + 5 * width + 3 * LANES);
  }

  /** Five rows of a panel. */
  private static void rows5(
      int start,
      int end,
      float[] panels,
      int at,
      float[][] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    float[] a0 = rows[first];
    float[] a1 = rows[first + 1];
    float[] a2 = rows[first + 2];
    float[] a3 = rows[first + 3];
    float[] a4 = rows[first + 4];
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector r0 = load(from, fromAt + 2 * LANES);
    FloatVector s0 = load(from, fromAt + 3 * LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector r1 = load(from, fromAt + fromStride + 2 * LANES);
    FloatVector s1 = load(from, fromAt + fromStride + 3 * LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector r2 = load(from, fromAt + 2 * fromStride + 2 * LANES);
    FloatVector s2 = load(from, fromAt + 2 * fromStride + 3 * LANES);
    FloatVector p3 = load(from, fromAt + 3 * fromStride);
    FloatVector q3 = load(from, fromAt + 3 * fromStride + LANES);
    FloatVector r3 = load(from, fromAt + 3 * fromStride + 2 * LANES);
    FloatVector s3 = load(from, fromAt + 3 * fromStride + 3 * LANES);
    FloatVector p4 = load(from, fromAt + 4 * fromStride);
    FloatVector q4 = load(from, fromAt + 4 * fromStride + LANES);
    FloatVector r4 = load(from, fromAt + 4 * fromStride + 2 * LANES);
    FloatVector s4 = load(from, fromAt + 4 * fromStride + 3 * LANES);
    for (int k = start; k < end; k++) {
      FloatVector w0 = load(panels, at + k * PANEL);
      FloatVector w1 = load(panels, at + k * PANEL + LANES);
      FloatVector w2 = load(panels, at + k * PANEL + 2 * LANES);
      FloatVector w3 = load(panels, at + k * PANEL + 3 * LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a0[k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, a1[k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      v = FloatVector.broadcast(SPECIES, a2[k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      v = FloatVector.broadcast(SPECIES, a3[k]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
      v = FloatVector.broadcast(SPECIES, a4[k]);
      p4 = w0.fma(v, p4);
      q4 = w1.fma(v, q4);
      r4 = w2.fma(v, r4);
      s4 = w3.fma(v, s4);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    r0.intoArray(z, zAt + 2 * LANES);
    s0.intoArray(z, zAt + 3 * LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    r1.intoArray(z, zAt + width + 2 * LANES);
    s1.intoArray(z, zAt + width + 3 * LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
    r2.intoArray(z, zAt + 2 * width + 2 * LANES);
    s2.intoArray(z, zAt + 2 * width + 3 * LANES);
    p3.intoArray(z, zAt + 3 * width);
    q3.intoArray(z, zAt + 3 * width + LANES);
    r3.intoArray(z, zAt + 3 * width + 2 * LANES);
    s3.intoArray(z, zAt + 3 * width + 3 * LANES);
    p4.intoArray(z, zAt + 4 * width);
    q4.intoArray(z, zAt + 4 * width + LANES);
    r4.intoArray(z, zAt + 4 * width + 2 * LANES);
    s4.intoArray(z, zAt + 4 * width + 3 * LANES);
  }

  /** Four rows of a panel. */
  private static void rows4(
      int start,
      int end,
      float[] panels,
      int at,
      float[][] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    float[] a0 = rows[first];
    float[] a1 = rows[first + 1];
    float[] a2 = rows[first + 2];
    float[] a3 = rows[first + 3];
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector r0 = load(from, fromAt + 2 * LANES);
    FloatVector s0 = load(from, fromAt + 3 * LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector r1 = load(from, fromAt + fromStride + 2 * LANES);
    FloatVector s1 = load(from, fromAt + fromStride + 3 * LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector r2 = load(from, fromAt + 2 * fromStride + 2 * LANES);
    FloatVector s2 = load(from, fromAt + 2 * fromStride + 3 * LANES);
    FloatVector p3 = load(from, fromAt + 3 * fromStride);
    FloatVector q3 = load(from, fromAt + 3 * fromStride + LANES);
    FloatVector r3 = load(from, fromAt + 3 * fromStride + 2 * LANES);
    FloatVector s3 = load(from, fromAt + 3 * fromStride + 3 * LANES);
    for (int k = start; k < end; k++) {
      FloatVector w0 = load(panels, at + k * PANEL);
      FloatVector w1 = load(panels, at + k * PANEL + LANES);
      FloatVector w2 = load(panels, at + k * PANEL + 2 * LANES);
      FloatVector w3 = load(panels, at + k * PANEL + 3 * LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a0[k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, a1[k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      v = FloatVector.broadcast(SPECIES, a2[k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      v = FloatVector.broadcast(SPECIES, a3[k]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    r0.intoArray(z, zAt + 2 * LANES);
    s0.intoArray(z, zAt + 3 * LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    r1.intoArray(z, zAt + width + 2 * LANES);
    s1.intoArray(z, zAt + width + 3 * LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
    r2.intoArray(z, zAt + 2 * width + 2 * LANES);
    s2.intoArray(z, zAt + 2 * width + 3 * LANES);
    p3.intoArray(z, zAt + 3 * width);
    q3.intoArray(z, zAt + 3 * width + LANES);
    r3.intoArray(z, zAt + 3 * width + 2 * LANES);
    s3.intoArray(z, zAt + 3 * width + 3 * LANES);
  }

  /** Three rows of a panel. */
  private static void rows3(
      int start,
      int end,
      float[] panels,
      int at,
      float[][] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    float[] a0 = rows[first];
    float[] a1 = rows[first + 1];
    float[] a2 = rows[first + 2];
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector r0 = load(from, fromAt + 2 * LANES);
    FloatVector s0 = load(from, fromAt + 3 * LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector r1 = load(from, fromAt + fromStride + 2 * LANES);
    FloatVector s1 = load(from, fromAt + fromStride + 3 * LANES);
    FloatVector p2 = load(from, fromAt + 2 * fromStride);
    FloatVector q2 = load(from, fromAt + 2 * fromStride + LANES);
    FloatVector r2 = load(from, fromAt + 2 * fromStride + 2 * LANES);
    FloatVector s2 = load(from, fromAt + 2 * fromStride + 3 * LANES);
    for (int k = start; k < end; k++) {
      FloatVector w0 = load(panels, at + k * PANEL);
      FloatVector w1 = load(panels, at + k * PANEL + LANES);
      FloatVector w2 = load(panels, at + k * PANEL + 2 * LANES);
      FloatVector w3 = load(panels, at + k * PANEL + 3 * LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a0[k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, a1[k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      v = FloatVector.broadcast(SPECIES, a2[k]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    r0.intoArray(z, zAt + 2 * LANES);
    s0.intoArray(z, zAt + 3 * LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    r1.intoArray(z, zAt + width + 2 * LANES);
    s1.intoArray(z, zAt + width + 3 * LANES);
    p2.intoArray(z, zAt + 2 * width);
    q2.intoArray(z, zAt + 2 * width + LANES);
    r2.intoArray(z, zAt + 2 * width + 2 * LANES);
    s2.intoArray(z, zAt + 2 * width + 3 * LANES);
  }

  /** Two rows of a panel. */
  private static void rows2(
      int start,
      int end,
      float[] panels,
      int at,
      float[][] rows,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    float[] a0 = rows[first];
    float[] a1 = rows[first + 1];
    FloatVector p0 = load(from, fromAt);
    FloatVector q0 = load(from, fromAt + LANES);
    FloatVector r0 = load(from, fromAt + 2 * LANES);
    FloatVector s0 = load(from, fromAt + 3 * LANES);
    FloatVector p1 = load(from, fromAt + fromStride);
    FloatVector q1 = load(from, fromAt + fromStride + LANES);
    FloatVector r1 = load(from, fromAt + fromStride + 2 * LANES);
    FloatVector s1 = load(from, fromAt + fromStride + 3 * LANES);
    for (int k = start; k < end; k++) {
      FloatVector w0 = load(panels, at + k * PANEL);
      FloatVector w1 = load(panels, at + k * PANEL + LANES);
      FloatVector w2 = load(panels, at + k * PANEL + 2 * LANES);
      FloatVector w3 = load(panels, at + k * PANEL + 3 * LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, a0[k]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, a1[k]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
    }
    p0.intoArray(z, zAt);
    q0.intoArray(z, zAt + LANES);
    r0.intoArray(z, zAt + 2 * LANES);
    s0.intoArray(z, zAt + 3 * LANES);
    p1.intoArray(z, zAt + width);
    q1.intoArray(z, zAt + width + LANES);
    r1.intoArray(z, zAt + width + 2 * LANES);
    s1.intoArray(z, zAt + width + 3 * LANES);
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
    FloatVector r = load(from, fromAt + 2 * LANES);
    FloatVector s = load(from, fromAt + 3 * LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector v = FloatVector.broadcast(SPECIES, a[aAt + k]);
      p = load(panels, at + k * PANEL).fma(v, p);
      q = load(panels, at + k * PANEL + LANES).fma(v, q);
      r = load(panels, at + k * PANEL + 2 * LANES).fma(v, r);
      s = load(panels, at + k * PANEL + 3 * LANES).fma(v, s);
    }
    p.intoArray(z, zAt);
    q.intoArray(z, zAt + LANES);
    r.intoArray(z, zAt + 2 * LANES);
    s.intoArray(z, zAt + 3 * LANES);
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
    FloatVector r0 = load(z, zAt0 + 2 * LANES);
    FloatVector s0 = load(z, zAt0 + 3 * LANES);
    FloatVector p1 = load(z, zAt1);
    FloatVector q1 = load(z, zAt1 + LANES);
    FloatVector r1 = load(z, zAt1 + 2 * LANES);
    FloatVector s1 = load(z, zAt1 + 3 * LANES);
    FloatVector p2 = load(z, zAt2);
    FloatVector q2 = load(z, zAt2 + LANES);
    FloatVector r2 = load(z, zAt2 + 2 * LANES);
    FloatVector s2 = load(z, zAt2 + 3 * LANES);
    FloatVector p3 = load(z, zAt3);
    FloatVector q3 = load(z, zAt3 + LANES);
    FloatVector r3 = load(z, zAt3 + 2 * LANES);
    FloatVector s3 = load(z, zAt3 + 3 * LANES);
    for (int k = 0; k < depth; k++) {
      FloatVector v = FloatVector.broadcast(SPECIES, a[aAt + k]);
      p0 = load(panels, at + k * PANEL).fma(v, p0);
      q0 = load(panels, at + k * PANEL + LANES).fma(v, q0);
      r0 = load(panels, at + k * PANEL + 2 * LANES).fma(v, r0);
      s0 = load(panels, at + k * PANEL + 3 * LANES).fma(v, s0);
      p1 = load(panels, at1 + k * PANEL).fma(v, p1);
      q1 = load(panels, at1 + k * PANEL + LANES).fma(v, q1);
      r1 = load(panels, at1 + k * PANEL + 2 * LANES).fma(v, r1);
      s1 = load(panels, at1 + k * PANEL + 3 * LANES).fma(v, s1);
      p2 = load(panels, at2 + k * PANEL).fma(v, p2);
      q2 = load(panels, at2 + k * PANEL + LANES).fma(v, q2);
      r2 = load(panels, at2 + k * PANEL + 2 * LANES).fma(v, r2);
      s2 = load(panels, at2 + k * PANEL + 3 * LANES).fma(v, s2);
      p3 = load(panels, at3 + k * PANEL).fma(v, p3);
      q3 = load(panels, at3 + k * PANEL + LANES).fma(v, q3);
      r3 = load(panels, at3 + k * PANEL + 2 * LANES).fma(v, r3);
      s3 = load(panels, at3 + k * PANEL + 3 * LANES).fma(v, s3);
    }
    p0.intoArray(z, zAt0);
    q0.intoArray(z, zAt0 + LANES);
    r0.intoArray(z, zAt0 + 2 * LANES);
    s0.intoArray(z, zAt0 + 3 * LANES);
    p1.intoArray(z, zAt1);
    q1.intoArray(z, zAt1 + LANES);
    r1.intoArray(z, zAt1 + 2 * LANES);
    s1.intoArray(z, zAt1 + 3 * LANES);
    p2.intoArray(z, zAt2);
    q2.intoArray(z, zAt2 + LANES);
    r2.intoArray(z, zAt2 + 2 * LANES);
    s2.intoArray(z, zAt2 + 3 * LANES);
    p3.intoArray(z, zAt3);
    q3.intoArray(z, zAt3 + LANES);
    r3.intoArray(z, zAt3 + 2 * LANES);
    s3.intoArray(z, zAt3 + 3 * LANES);
  }
}
