package dev.lethe.backend.cpu;

import java.util.Arrays;

/**
 * Rows of numbers that a product multiplies several of at a time, as {@link Kernels#rows} lays them
 * out: row r is in {@code of[r]} from {@code at[r]} on.
 *
 * <p>Neighbouring rows are an odd number of cache lines apart, so that the same place of each is
 * not in the same set of the cache, where with a power of two they would drive each other out.
 *
 * <p>They may be {@linkplain #pack packed} as well: in groups as high as the tiles of a product
 * are, a column of a group after the other. One address then leads to all of its numbers.
 */
final class Rows {
  /** Floats of a cache line. */
  static final int LINE = 16;

  /** Floats that an array's header takes the place of. */
  private static final int HEADER = 4;

  private static final float[] NOT_PACKED = {};

  /** Most rows of a tile of a product. */
  static final int HIGHEST = 6;

  /** Rows of a lower tile, where those that follow are too few. */
  private static final int LOWER = 4;

  /** From one column of a packed group to the next. */
  static final int GROUP = 8;

  final float[][] of;
  final int[] at;

  /** [groups][width][GROUP]; empty if there is no room for them. */
  final float[] packed;

  private final int width;
  private int packedCount;

  private Rows(float[][] of, int[] at, int width, float[] packed) {
    this.of = of;
    this.at = at;
    this.width = width;
    this.packed = packed;
  }

  /** Each in an array of its own, from its beginning; arrays made one after another are close. */
  static Rows apart(int count, int width) {
    return apart(count, width, 0);
  }

  /** {@link #apart}, with room to pack them. */
  static Rows packable(int count, int width) {
    int groups = tiles(count);
    return apart(count, width, Math.multiplyExact(groups * GROUP, width));
  }

  private static Rows apart(int count, int width, int packed) {
    float[][] of = new float[count][];
    int length = spaced(width + HEADER) - HEADER;
    Arrays.setAll(of, row -> new float[length]);
    return new Rows(of, new int[count], width, new float[packed]);
  }

  /** All in one array. */
  static Rows together(int count, int width) {
    int stride = spaced(width);
    int[] at = new int[count];
    Arrays.setAll(at, row -> row * stride);
    float[][] of = new float[count][];
    Arrays.fill(of, new float[Math.multiplyExact(count, stride)]);
    return new Rows(of, at, width, NOT_PACKED);
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
    return new Rows(parts, starts, width, NOT_PACKED);
  }

  int count() {
    return of.length;
  }

  /** Tiles that cover so many rows, as few as will do. */
  static int tiles(int count) {
    return (count + HIGHEST - 1) / HIGHEST;
  }

  /**
   * Rows of the next tile where {@code left} are left, two or more: as few tiles as will do, none
   * of them a single row, which would wait for the weights, and only the last of odd height.
   */
  static int height(int left) {
    if (left <= HIGHEST) {
      return left;
    }
    return left <= HIGHEST + 2 ? LOWER : HIGHEST;
  }

  /** Whether the rows of a tile of this height are packed. */
  static boolean packs(int height) {
    return height == HIGHEST || height == LOWER;
  }

  /**
   * Packs columns of the first rows for products of just these rows, if there is room for it. Each
   * column has to be packed, by whichever thread.
   *
   * @param count of the rows
   * @param from first of the columns
   * @param to after the last
   */
  void pack(int count, int from, int to) {
    if (!packable()) {
      return;
    }
    if (packedCount != count) {
      // threads share the line of the cache that has it
      packedCount = count;
    }
    for (int tile = 0, row = 0; row < count; tile++) {
      int height = height(count - row);
      if (packs(height)) {
        pack(height, row, from, to, group(tile));
      }
      row += height;
    }
  }

  /** Whether there is room for {@link #pack}. */
  boolean packable() {
    return packed.length > 0;
  }

  /** Whether tiles of these rows, the last one possibly not, are what {@link #pack} has packed. */
  boolean packed(int first, int count) {
    return first == 0 && count == packedCount && packs(height(count));
  }

  /** Where the rows of a tile are in {@link #packed}. */
  int group(int tile) {
    return tile * GROUP * width;
  }

  /** Of four rows the last two are there twice, which nobody reads. */
  private void pack(int height, int row, int from, int to, int place) {
    float[] r0 = of[row];
    float[] r1 = of[row + 1];
    float[] r2 = of[row + 2];
    float[] r3 = of[row + 3];
    float[] r4 = of[row + height - 2];
    float[] r5 = of[row + height - 1];
    for (int k = from; k < to; k++) {
      int column = place + k * GROUP;
      packed[column] = r0[k];
      packed[column + 1] = r1[k];
      packed[column + 2] = r2[k];
      packed[column + 3] = r3[k];
      packed[column + 4] = r4[k];
      packed[column + 5] = r5[k];
    }
  }
}
