package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Matrix products on the Vector API: outer products of a tile's column with a panel's row, all sums
 * in registers. There is a method for each height, written out since HotSpot keeps only local
 * variables in registers, and without unrolling, since in larger methods it gives up inlining and
 * with that registers. How wide a panel is depends on how many registers there are.
 */
final class VectorTiles {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final int LANES = SPECIES.length();

  /** AVX-512 and ARM's have 32 vector registers, AVX2 and less 16. */
  private static final boolean WIDE =
      LANES == 16 || System.getProperty("os.arch", "").equals("aarch64");

  /** Columns of a panel. */
  static final int PANEL = (WIDE ? WideTiles.VECTORS : SlimTiles.VECTORS) * LANES;

  /** Columns of a block of gates. */
  static final int BLOCK = 4 * LANES;

  /**
   * How much of a wide panel's depth is taken at once: 32 KiB, which the first-level cache keeps
   * from one tile to the next.
   */
  private static final int PART = (32 << 10) / Float.BYTES / PANEL;

  /**
   * Deeper panels are not taken in parts: to put the sums down and take them up again so often
   * costs more than the second-level cache does.
   */
  private static final int DEEP = 4 * PART;

  /** A small second-level cache is fast enough to be read from for each tile. */
  private static final boolean PARTED = WIDE && SecondLevelCache.LARGE;

  /**
   * Columns of a product from which on it is faster with packed rows, where panels are taken in
   * parts else.
   */
  private static final int WORTH_PACKING = 2048;

  /**
   * Floats of a layer's panels, 32 MiB, that a third-level cache may hold from one step to the
   * next. More come from memory, and so late that a tile which reads ahead waits for them itself.
   * An array that long has the panels of one layer alone.
   */
  private static final int NEAR = 1 << 23;

  /** Tiles from which on a panel out of memory is worth fetching before they begin. */
  private static final int WORTH_FETCHING = 3;

  /** How much of a wide panel's depth is fetched at once: 128 KiB. Slim ones are taken whole. */
  private static final int FETCHED = 512;

  /**
   * Tiles from which on the few that read ahead lose more than the first of the next panel gains.
   */
  private static final int MANY = 32;

  /** Numbers that are packed at most: of more, as of very wide inputs, there is no second copy. */
  private static final int MOST_PACKED = 1 << 24;

  /** Sums of {@link #multiplyAdd}: enough to hide how long an FMA takes, few enough for AVX2. */
  static final int CHAINS = 12;

  private VectorTiles() {}

  /** As {@link Kernels#rows}. */
  static Rows rows(int count, int width) {
    return WIDE ? Rows.apart(count, width) : Rows.together(count, width);
  }

  /** As {@link Kernels#rows}. */
  static Rows rows(int count, int width, int columns) {
    return PARTED && columns >= WORTH_PACKING && (long) count * width <= MOST_PACKED
        ? Rows.packable(count, width)
        : rows(count, width);
  }

  /**
   * As {@link Kernels#product}.
   *
   * @param panels of the block, one or two of [depth][PANEL], from {@code at}
   * @param next where those of the next block are, to be read ahead; or {@code at}
   * @param width of the block: from one row of z to the next
   */
  static void product(
      int count,
      int depth,
      float[] panels,
      int at,
      int next,
      Rows a,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    for (int column = 0; column < width; column += PANEL) {
      int panel = at + column * depth;
      int f = fromAt + column;
      int t = zAt + column;
      if (count == 1) {
        oneRow(depth, panels, panel, a.of[first], a.at[first], from, f, z, t);
      } else if (a.packed(first, count) && depth >= PackedTiles.STEPS) {
        int end = depth - depth % PackedTiles.STEPS;
        if (isFetched(count, panels)) {
          fetched(count, end, true, panels, panel, a, 0, from, f, fromStride, z, t, width);
        } else {
          int ahead = Rows.tiles(count) > MANY ? panel : next + column * depth;
          panel(count, 0, end, true, panels, panel, ahead, a, 0, from, f, fromStride, z, t, width);
        }
        if (end < depth) {
          panel(count, end, depth, false, panels, panel, panel, a, 0, z, t, width, z, t, width);
        }
      } else if (isFetched(count, panels)) {
        fetched(count, depth, false, panels, panel, a, first, from, f, fromStride, z, t, width);
      } else {
        int part = PARTED && count > Rows.HIGHEST && depth <= DEEP ? PART : depth;
        parts(part, count, depth, panels, panel, a, first, from, f, fromStride, z, t, width);
      }
    }
  }

  /**
   * {@link #panel} from its beginning to its end.
   *
   * @param part of the depth to take at once; for slim tiles, all of it
   */
  static void parts(
      int part,
      int count,
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
    int end = Math.min(part, depth);
    panel(count, 0, end, false, panels, at, at, a, first, from, fromAt, fromStride, z, zAt, width);
    while (end < depth) {
      int start = end;
      end = Math.min(start + part, depth);
      panel(count, start, end, false, panels, at, at, a, first, z, zAt, width, z, zAt, width);
    }
  }

  /** Whether panels come out of memory, and there are neither too few tiles nor too many. */
  private static boolean isFetched(int count, float[] panels) {
    int tiles = Rows.tiles(count);
    return panels.length > NEAR && tiles >= WORTH_FETCHING && tiles <= MANY;
  }

  /** {@link #panel} from its beginning to its end, each part of it fetched before its tiles. */
  static void fetched(
      int count,
      int end,
      boolean packed,
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
    int part = WIDE ? FETCHED : end;
    int stop = Math.min(part, end);
    PackedTiles.fetch(panels, at, stop * PANEL);
    panel(
        count, 0, stop, packed, panels, at, at, a, first, from, fromAt, fromStride, z, zAt, width);
    while (stop < end) {
      int start = stop;
      stop = Math.min(start + part, end);
      PackedTiles.fetch(panels, at + start * PANEL, (stop - start) * PANEL);
      panel(count, start, stop, packed, panels, at, at, a, first, z, zAt, width, z, zAt, width);
    }
  }

  private static void oneRow(
      int depth,
      float[] panels,
      int at,
      float[] a,
      int aAt,
      float[] from,
      int fromAt,
      float[] z,
      int zAt) {
    if (WIDE) {
      WideTiles.oneRow(depth, panels, at, a, aAt, from, fromAt, z, zAt);
    } else {
      SlimTiles.oneRow(depth, panels, at, a, aAt, from, fromAt, z, zAt);
    }
  }

  /**
   * Tiles of a part of a panel, which in slim ones is the whole, and for packed rows begins and
   * ends at multiples of {@link PackedTiles#STEPS}.
   *
   * @param next another panel, to be read ahead where {@code start} is 0; or {@code at}
   */
  private static void panel(
      int count,
      int start,
      int end,
      boolean packed,
      float[] panels,
      int at,
      int next,
      Rows a,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt,
      int width) {
    int tiles = Rows.tiles(count);
    int packing = tiles - count % 2; // a last tile of three or five is not packed
    for (int tile = 0, row = 0; tile < tiles; tile++) {
      int height = Rows.height(count - row);
      int f = fromAt + row * fromStride;
      int t = zAt + row * width;
      if (packed && Rows.packs(height)) {
        // the last tiles read ahead, so that what they read is still there when it is wanted
        int part = tile - Math.max(0, packing - PANEL / Rows.LINE);
        int ahead = part < 0 || next == at ? at : next + part * end * Rows.LINE;
        PackedTiles.rows(
            height, start, end, panels, at, ahead, a, tile, from, f, fromStride, z, t, width);
      } else if (WIDE) {
        WideTiles.rows(
            height, start, end, panels, at, a, first + row, from, f, fromStride, z, t, width);
      } else {
        SlimTiles.rows(height, end, panels, at, a, first + row, from, f, fromStride, z, t, width);
      }
      row += height;
    }
  }

  /**
   * One row of as many blocks of gates as {@link #blocksAtOnce}, whose sums begin as {@code z} is.
   *
   * @param zStride from the sums of one block to those of the next
   */
  static void row(
      int depth, float[] panels, int at, float[] a, int aAt, float[] z, int zAt, int zStride) {
    int next = zAt + zStride;
    if (WIDE) {
      int third = zAt + 2 * zStride;
      int fourth = zAt + 3 * zStride;
      WideTiles.fourPanels(depth, panels, at, a, aAt, z, zAt, next, third, fourth);
    } else {
      SlimTiles.fourPanels(depth, panels, at, a, aAt, z, zAt, zAt + PANEL, next, next + PANEL);
    }
  }

  /** Blocks of gates in four panels. */
  static int blocksAtOnce() {
    return 4 * PANEL / BLOCK;
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
