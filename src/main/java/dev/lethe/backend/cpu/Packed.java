package dev.lethe.backend.cpu;

/**
 * A weight matrix [K][N] rearranged for one implementation of {@link Kernels}: its columns in
 * blocks of {@code width}, the last padded with zeros.
 *
 * @param depth K
 * @param blocks number of blocks
 * @param width columns of a block
 * @param panels for the vector kernels: panel after panel of a block, each [K][panel width]; or
 *     empty
 * @param pairs for the vector kernels in bf16: likewise, but two weights in an int; or empty
 * @param rows for the plain kernels: row k of block b at b*K + k, each [width]; or empty
 */
record Packed(int depth, int blocks, int width, float[] panels, int[] pairs, float[][] rows) {
  /** Weights by their place in the blocks. */
  interface Source {
    /** Row {@code k} of column {@code column} of {@code block}, 0 in the padding. */
    float at(int k, int block, int column);
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
    return new Packed(depth, blocks, width, new float[0], new int[0], rows);
  }

  /** For kernels that read panels of {@code panel} columns; {@code width} is a multiple of that. */
  static Packed panels(int depth, int blocks, int width, int panel, Source source) {
    float[] panels = new float[Math.multiplyExact(Math.multiplyExact(blocks, depth), width)];
    int at = 0;
    for (int block = 0; block < blocks; block++) {
      for (int first = 0; first < width; first += panel) {
        for (int k = 0; k < depth; k++) {
          for (int column = first; column < first + panel; column++) {
            panels[at++] = source.at(k, block, column);
          }
        }
      }
    }
    return new Packed(depth, blocks, width, panels, new int[0], new float[0][]);
  }

  /**
   * As {@link #panels} of weights that bf16 can hold: an int has column j of its panel in the upper
   * half and column j + panel/2 in the lower.
   */
  static Packed pairs(int depth, int blocks, int width, int panel, Source source) {
    int[] pairs = new int[Math.multiplyExact(Math.multiplyExact(blocks, depth), width / 2)];
    int at = 0;
    for (int block = 0; block < blocks; block++) {
      for (int first = 0; first < width; first += panel) {
        for (int k = 0; k < depth; k++) {
          for (int column = first; column < first + panel / 2; column++) {
            int upper = Float.floatToRawIntBits(source.at(k, block, column));
            int lower = Float.floatToRawIntBits(source.at(k, block, column + panel / 2));
            pairs[at++] = upper & 0xffff0000 | lower >>> 16;
          }
        }
      }
    }
    return new Packed(depth, blocks, width, new float[0], pairs, new float[0][]);
  }
}
