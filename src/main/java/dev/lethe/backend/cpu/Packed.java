package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import dev.lethe.network.Cell;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A weight matrix [K][N] rearranged for one implementation of {@link Kernels}: its columns in
 * blocks of {@code width}, the last padded with zeros.
 *
 * @param depth K
 * @param blocks number of blocks
 * @param width columns of a block
 * @param precision of the numbers that are kept
 * @param start where the first block begins in {@code panels} or {@code words}
 * @param panels for the vector kernels: panel after panel of a block, each [K][panel width]; or
 *     empty
 * @param words for the vector kernels in fewer bits: two weights in an int, or four; or empty
 * @param scales what the sums of int8 are multiplied by, [blocks*width]; or empty
 * @param wide for the vector kernels: the weights of {@code words} as panels of floats
 * @param rows for the plain kernels: row k of block b at b*K + k, each [width]; or empty
 */
record Packed(
    int depth,
    int blocks,
    int width,
    Precision precision,
    int start,
    float[] panels,
    int[] words,
    float[] scales,
    Wide wide,
    float[][] rows) {
  /** What an int8 in the highest byte of an int is multiplied by to be itself. */
  static final float OF_HIGHEST_BYTE = 0x1p-24f;

  /** How much less the next lower byte of an int counts. */
  static final float OF_BYTE_BELOW = 0x1p-8f;

  private static final float[] NO_PANELS = {};
  private static final int[] NO_WORDS = {};
  private static final float[] NO_SCALES = {};
  private static final float[][] NO_ROWS = {};
  private static final Wide NOT_WIDE =
      new Wide(
          () -> {
            throw new IllegalStateException("not in fewer bits");
          });

  /** Weights by their place in the blocks. */
  interface Source {
    /** Row {@code k} of column {@code column} of {@code block}, 0 in the padding. */
    float at(int k, int block, int column);
  }

  /** How a weight is kept. */
  interface Bits {
    /** Its bits, in the lower bits of an int. */
    int of(float weight);
  }

  /**
   * Weights of fewer bits in single precision, made when first asked for: for several rows, which
   * do not wait for bytes, widening again and again would take longer.
   */
  static final class Wide {
    private final Supplier<Packed> maker;
    private volatile Optional<Packed> made = Optional.empty();

    private Wide(Supplier<Packed> maker) {
      this.maker = maker;
    }

    private Packed get() {
      Optional<Packed> now = made;
      return now.isPresent() ? now.get() : make();
    }

    private synchronized Packed make() {
      Packed panels = made.orElseGet(maker);
      made = Optional.of(panels);
      return panels;
    }
  }

  /** For kernels that read whole rows. */
  static Packed rows(int depth, int blocks, int width, Source source) {
    float[][] rows = new float[Math.multiplyExact(blocks, depth)][width];
    for (int block = 0; block < blocks; block++) {
      for (int k = 0; k < depth; k++) {
        for (int column = 0; column < width; column++) {
          rows[block * depth + k][column] = source.at(k, block, column);
        }
      }
    }
    return new Packed(
        depth, blocks, width, Precision.FP32, 0, NO_PANELS, NO_WORDS, NO_SCALES, NOT_WIDE, rows);
  }

  /** For kernels that read panels of {@code panel} columns; {@code width} is a multiple of that. */
  static Packed panels(int depth, int blocks, int width, int panel, Source source) {
    AlignedArrays.Room<float[]> room = AlignedArrays.FLOATS.take(length(blocks, depth, width));
    float[] panels = room.array();
    int at = room.start();
    for (int block = 0; block < blocks; block++) {
      for (int first = 0; first < width; first += panel) {
        for (int k = 0; k < depth; k++) {
          for (int column = first; column < first + panel; column++) {
            panels[at++] = source.at(k, block, column);
          }
        }
      }
    }
    return new Packed(
        depth,
        blocks,
        width,
        Precision.FP32,
        room.start(),
        panels,
        NO_WORDS,
        NO_SCALES,
        NOT_WIDE,
        NO_ROWS);
  }

  /**
   * As {@link #panels} of weights of 16 bits: an int has column j of its panel in the upper half
   * and column j + panel/2 in the lower.
   *
   * @param bits the 16 bits of a weight
   * @param widePanel columns of a panel of floats
   */
  static Packed pairs(
      Precision precision,
      int depth,
      int blocks,
      int width,
      int panel,
      Source source,
      Bits bits,
      int widePanel) {
    AlignedArrays.Room<int[]> room = AlignedArrays.INTS.take(length(blocks, depth, width / 2));
    int[] words = room.array();
    int at = room.start();
    for (int block = 0; block < blocks; block++) {
      for (int first = 0; first < width; first += panel) {
        for (int k = 0; k < depth; k++) {
          for (int column = first; column < first + panel / 2; column++) {
            int upper = bits.of(source.at(k, block, column));
            int lower = bits.of(source.at(k, block, column + panel / 2));
            words[at++] = upper << 16 | lower;
          }
        }
      }
    }
    Wide wide = new Wide(() -> panels(depth, blocks, width, widePanel, source));
    return new Packed(
        depth, blocks, width, precision, room.start(), NO_PANELS, words, NO_SCALES, wide, NO_ROWS);
  }

  /**
   * Of gate columns in int8, in blocks of i, f, g, o of as many units as there are {@code lanes}:
   * for each k an int for each unit, (((i * 256) + f) * 256 + g) * 256 + o. Shifted up by a byte or
   * more it is the same of what follows, and fits an int. As a float it is 2^24 times its first
   * weight, and less by far of the others: {@link #scale} takes them out of the sums.
   *
   * @param integers from -127 to 127
   * @param widePanel columns of a panel of floats, which are those ints
   */
  static Packed quads(
      int depth, int blocks, int lanes, Source integers, float[] scales, int widePanel) {
    AlignedArrays.Room<int[]> room = AlignedArrays.INTS.take(length(blocks, depth, lanes));
    int[] words = room.array();
    int start = room.start();
    int at = start;
    for (int block = 0; block < blocks; block++) {
      for (int k = 0; k < depth; k++) {
        for (int unit = 0; unit < lanes; unit++) {
          words[at++] = quad(integers, k, block, unit, lanes);
        }
      }
    }
    Source shifted =
        (k, block, column) ->
            words[start + (block * depth + k) * lanes + column % lanes]
                << column / lanes * Byte.SIZE;
    int width = Cell.GATES * lanes;
    Wide wide = new Wide(() -> panels(depth, blocks, width, widePanel, shifted));
    return new Packed(
        depth, blocks, width, Precision.INT8, start, NO_PANELS, words, scales, wide, NO_ROWS);
  }

  /** As {@link #quads}, in rows of floats. */
  static Packed quadRows(int depth, int blocks, int units, Source integers, float[] scales) {
    Source shifted =
        (k, block, column) ->
            quad(integers, k, block, column % units, units) << column / units * Byte.SIZE;
    float[][] rows = rows(depth, blocks, Cell.GATES * units, shifted).rows;
    return new Packed(
        depth,
        blocks,
        Cell.GATES * units,
        Precision.INT8,
        0,
        NO_PANELS,
        NO_WORDS,
        scales,
        NOT_WIDE,
        rows);
  }

  private static int quad(Source integers, int k, int block, int unit, int units) {
    int word = 0;
    for (int gate = 0; gate < Cell.GATES; gate++) {
      word = (word << Byte.SIZE) + (int) integers.at(k, block, gate * units + unit);
    }
    return word;
  }

  /** The same weights in panels of floats. */
  Packed floats() {
    return precision == Precision.FP32 ? this : wide.get();
  }

  /**
   * A row of sums of a block in int8 to pre-activations: z = fma(sum of the weights alone, scale,
   * from).
   *
   * @param sums of products of the ints of {@link #quads}, [width], in an array of their own
   * @param from may be z itself
   */
  void scale(int block, float[] sums, float[] from, int fromAt, float[] z, int zAt) {
    int first = block * width;
    int units = width / Cell.GATES;
    int last = width - units;
    for (int j = 0; j < last; j++) {
      float own = sums[j] - sums[j + units] * OF_BYTE_BELOW;
      z[zAt + j] = Math.fma(own * OF_HIGHEST_BYTE, scales[first + j], from[fromAt + j]);
    }
    for (int j = last; j < width; j++) {
      float own = sums[j];
      z[zAt + j] = Math.fma(own * OF_HIGHEST_BYTE, scales[first + j], from[fromAt + j]);
    }
  }

  /** Where a block begins in {@link #panels} or {@link #words}. */
  int at(int block) {
    int inOne =
        switch (precision) {
          case BF16, FP16 -> 2;
          case INT8 -> 4;
          default -> 1;
        };
    return start + block * width * depth / inOne;
  }

  /** Bytes of all weights in single precision, as products of several rows read them. */
  long bytes() {
    return (long) blocks * width * depth * Float.BYTES;
  }

  private static int length(int blocks, int depth, int width) {
    return Math.multiplyExact(Math.multiplyExact(blocks, depth), width);
  }
}
