package dev.lethe.backend.cpu;

import java.util.Arrays;

/**
 * Rows of numbers that a product multiplies several of at a time, as {@link Kernels#rows} lays them
 * out: row r is in {@code of[r]} from {@code at[r]} on.
 *
 * <p>Neighbouring rows are an odd number of cache lines apart, so that the same place of each is
 * not in the same set of the cache, where with a power of two they would drive each other out.
 */
final class Rows {
  /** Floats of a cache line. */
  private static final int LINE = 16;

  /** Floats that an array's header takes the place of. */
  private static final int HEADER = 4;

  final float[][] of;
  final int[] at;

  private Rows(float[][] of, int[] at) {
    this.of = of;
    this.at = at;
  }

  /** Each in an array of its own, from its beginning; arrays made one after another are close. */
  static Rows apart(int count, int width) {
    float[][] of = new float[count][];
    int length = spaced(width + HEADER) - HEADER;
    Arrays.setAll(of, row -> new float[length]);
    return new Rows(of, new int[count]);
  }

  /** All in one array. */
  static Rows together(int count, int width) {
    int stride = spaced(width);
    int[] at = new int[count];
    Arrays.setAll(at, row -> row * stride);
    float[][] of = new float[count][];
    Arrays.fill(of, new float[Math.multiplyExact(count, stride)]);
    return new Rows(of, at);
  }

  private static int spaced(int width) {
    return (width + LINE - 1) / LINE * LINE | LINE;
  }

  /** The parts of {@code width} numbers of the first row, as rows. */
  Rows parts(int count, int width) {
    float[][] parts = new float[count][];
    Arrays.fill(parts, of[0]);
    int[] starts = new int[count];
    Arrays.setAll(starts, part -> at[0] + part * width);
    return new Rows(parts, starts);
  }

  int count() {
    return of.length;
  }
}
