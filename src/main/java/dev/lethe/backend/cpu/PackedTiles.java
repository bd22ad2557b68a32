package dev.lethe.backend.cpu;

import static dev.lethe.backend.cpu.Rows.GROUP;
import static dev.lethe.backend.cpu.Rows.LINE;
import static dev.lethe.backend.cpu.VectorTiles.LANES;
import static dev.lethe.backend.cpu.VectorTiles.SPECIES;
import static java.lang.invoke.VarHandle.loadLoadFence;

import jdk.incubator.vector.FloatVector;

/**
 * Tiles of {@link WideTiles} over packed rows, several k in a turn of the loop: a processor that
 * reads ahead what a load instruction will want in its next turn then does so early enough for the
 * second-level cache. Packed rows have one address, which leaves HotSpot registers enough.
 *
 * <p>Each turn also reads a number of the panel that the caller wants next, a line of the cache or
 * more from the one before: Java has no instruction to prefetch, but from reads in order the
 * processor guesses what follows, and gets it out of the third-level cache while this panel is
 * multiplied.
 *
 * <p>The fences are for HotSpot alone. It moves loads to the front as long as it believes to have
 * registers for them, and then has not; across a fence it moves none. They become no instruction. A
 * loop that begins with a constant is one that Java 17 arranges so that registers run out again.
 * Loads are written out, since HotSpot ends sooner to inline methods of ours, and six rows have two
 * k in a turn, since its first compiler has not numbers enough for four.
 */
final class PackedTiles {
  /** Parts of the depth begin and end at multiples of this. */
  static final int STEPS = 4;

  private static final int PANEL = WideTiles.VECTORS * LANES;

  /** Places that {@link #fetch} reads from at once. */
  private static final int STREAMS = 4;

  /** What {@link #fetch} has read, so that HotSpot does not leave that out. */
  static float fetched;

  private PackedTiles() {}

  /**
   * Reads a panel, or a part of its depth, into the second-level cache as fast as memory gives it,
   * which is several times as fast as for tiles: those give the processor so much else to do that
   * it looks ahead only as far as a few lines of the cache, and by what it guesses. It guesses more
   * with several places to go on from.
   *
   * @param count of floats; what is beyond a multiple of four lines may be left out
   */
  static void fetch(float[] panels, int at, int count) {
    int each = count / (STREAMS * LINE) * LINE;
    FloatVector sum0 = FloatVector.zero(SPECIES);
    FloatVector sum1 = sum0;
    FloatVector sum2 = sum0;
    FloatVector sum3 = sum0;
    for (int k = at; k < at + each; k += LINE) {
      sum0 = sum0.add(FloatVector.fromArray(SPECIES, panels, k));
      sum1 = sum1.add(FloatVector.fromArray(SPECIES, panels, k + each));
      sum2 = sum2.add(FloatVector.fromArray(SPECIES, panels, k + 2 * each));
      sum3 = sum3.add(FloatVector.fromArray(SPECIES, panels, k + 3 * each));
    }
    fetched = sum0.add(sum1).add(sum2).add(sum3).lane(0);
  }

  /**
   * {@code height} rows of a panel: 4 or 6.
   *
   * @param start the k that the sums go on with
   * @param end before which they stop
   * @param ahead where the other panel is read ahead from, [depth][{@link Rows#LINE}]; or {@code
   *     at}
   * @param tile which of those that {@code a} is packed for
   */
  static void rows(
      int height,
      int start,
      int end,
      float[] panels,
      int at,
      int ahead,
      Rows a,
      int tile,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    int group = a.group(tile);
    float[] rows = a.packed;
    if (height == Rows.HIGHEST) {
      rows6(start, end, panels, at, ahead, rows, group, from, fromAt, fromStride, z, zAt, width);
    } else {
      rows4(start, end, panels, at, ahead, rows, group, from, fromAt, fromStride, z, zAt, width);
    }
  }

  /**
   * Six rows of a panel, two k in a turn.
   *
   * @return a sum of what was read ahead, so that HotSpot reads it
   */
  private static float rows6(
      int start,
      int end,
      float[] panels,
      int at,
      int ahead,
      float[] packed,
      int group,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    FloatVector p0 = FloatVector.fromArray(SPECIES, from, fromAt);
    FloatVector q0 = FloatVector.fromArray(SPECIES, from, fromAt + LANES);
    FloatVector r0 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * LANES);
    FloatVector s0 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * LANES);
    FloatVector p1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride);
    FloatVector q1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride + LANES);
    FloatVector r1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride + 2 * LANES);
    FloatVector s1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride + 3 * LANES);
    FloatVector p2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride);
    FloatVector q2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride + LANES);
    FloatVector r2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride + 2 * LANES);
    FloatVector s2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride + 3 * LANES);
    FloatVector p3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride);
    FloatVector q3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride + LANES);
    FloatVector r3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride + 2 * LANES);
    FloatVector s3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride + 3 * LANES);
    FloatVector p4 = FloatVector.fromArray(SPECIES, from, fromAt + 4 * fromStride);
    FloatVector q4 = FloatVector.fromArray(SPECIES, from, fromAt + 4 * fromStride + LANES);
    FloatVector r4 = FloatVector.fromArray(SPECIES, from, fromAt + 4 * fromStride + 2 * LANES);
    FloatVector s4 = FloatVector.fromArray(SPECIES, from, fromAt + 4 * fromStride + 3 * LANES);
    FloatVector p5 = FloatVector.fromArray(SPECIES, from, fromAt + 5 * fromStride);
    FloatVector q5 = FloatVector.fromArray(SPECIES, from, fromAt + 5 * fromStride + LANES);
    FloatVector r5 = FloatVector.fromArray(SPECIES, from, fromAt + 5 * fromStride + 2 * LANES);
    FloatVector s5 = FloatVector.fromArray(SPECIES, from, fromAt + 5 * fromStride + 3 * LANES);
    float readAhead = 0;
    for (int k = start; k < end; k += 2) {
      loadLoadFence();
      readAhead += panels[ahead + k * LINE];
      loadLoadFence();
      FloatVector w0 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL);
      FloatVector w1 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 3 * LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 1]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 2]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      loadLoadFence();
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 3]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 4]);
      p4 = w0.fma(v, p4);
      q4 = w1.fma(v, q4);
      r4 = w2.fma(v, r4);
      s4 = w3.fma(v, s4);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 5]);
      p5 = w0.fma(v, p5);
      q5 = w1.fma(v, q5);
      r5 = w2.fma(v, r5);
      s5 = w3.fma(v, s5);
      loadLoadFence();
      w0 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 4 * LANES);
      w1 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 5 * LANES);
      w2 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 6 * LANES);
      w3 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 7 * LANES);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 1]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 2]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      loadLoadFence();
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 3]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 4]);
      p4 = w0.fma(v, p4);
      q4 = w1.fma(v, q4);
      r4 = w2.fma(v, r4);
      s4 = w3.fma(v, s4);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 5]);
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
    return readAhead;
  }

  /**
   * Four rows of a panel, four k in a turn.
   *
   * @return as {@link #rows6}
   */
  private static float rows4(
      int start,
      int end,
      float[] panels,
      int at,
      int ahead,
      float[] packed,
      int group,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    FloatVector p0 = FloatVector.fromArray(SPECIES, from, fromAt);
    FloatVector q0 = FloatVector.fromArray(SPECIES, from, fromAt + LANES);
    FloatVector r0 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * LANES);
    FloatVector s0 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * LANES);
    FloatVector p1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride);
    FloatVector q1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride + LANES);
    FloatVector r1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride + 2 * LANES);
    FloatVector s1 = FloatVector.fromArray(SPECIES, from, fromAt + fromStride + 3 * LANES);
    FloatVector p2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride);
    FloatVector q2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride + LANES);
    FloatVector r2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride + 2 * LANES);
    FloatVector s2 = FloatVector.fromArray(SPECIES, from, fromAt + 2 * fromStride + 3 * LANES);
    FloatVector p3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride);
    FloatVector q3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride + LANES);
    FloatVector r3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride + 2 * LANES);
    FloatVector s3 = FloatVector.fromArray(SPECIES, from, fromAt + 3 * fromStride + 3 * LANES);
    float readAhead = 0;
    for (int k = start; k < end; k += 4) {
      loadLoadFence();
      readAhead += panels[ahead + k * LINE];
      loadLoadFence();
      FloatVector w0 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL);
      FloatVector w1 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + LANES);
      FloatVector w2 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 2 * LANES);
      FloatVector w3 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 3 * LANES);
      FloatVector v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 1]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      loadLoadFence();
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 2]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 3]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
      loadLoadFence();
      w0 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 4 * LANES);
      w1 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 5 * LANES);
      w2 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 6 * LANES);
      w3 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 7 * LANES);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 1]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      loadLoadFence();
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 2]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + GROUP + 3]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
      loadLoadFence();
      w0 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 8 * LANES);
      w1 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 9 * LANES);
      w2 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 10 * LANES);
      w3 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 11 * LANES);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 2 * GROUP]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 2 * GROUP + 1]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      loadLoadFence();
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 2 * GROUP + 2]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 2 * GROUP + 3]);
      p3 = w0.fma(v, p3);
      q3 = w1.fma(v, q3);
      r3 = w2.fma(v, r3);
      s3 = w3.fma(v, s3);
      loadLoadFence();
      w0 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 12 * LANES);
      w1 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 13 * LANES);
      w2 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 14 * LANES);
      w3 = FloatVector.fromArray(SPECIES, panels, at + k * PANEL + 15 * LANES);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 3 * GROUP]);
      p0 = w0.fma(v, p0);
      q0 = w1.fma(v, q0);
      r0 = w2.fma(v, r0);
      s0 = w3.fma(v, s0);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 3 * GROUP + 1]);
      p1 = w0.fma(v, p1);
      q1 = w1.fma(v, q1);
      r1 = w2.fma(v, r1);
      s1 = w3.fma(v, s1);
      loadLoadFence();
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 3 * GROUP + 2]);
      p2 = w0.fma(v, p2);
      q2 = w1.fma(v, q2);
      r2 = w2.fma(v, r2);
      s2 = w3.fma(v, s2);
      v = FloatVector.broadcast(SPECIES, packed[group + k * GROUP + 3 * GROUP + 3]);
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
    return readAhead;
  }
}
