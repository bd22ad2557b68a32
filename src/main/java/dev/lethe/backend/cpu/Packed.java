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
 * @param rows for the plain kernels: row k of block b at b*K + k, each [width]; or empty
 */
record Packed(int depth, int blocks, int width, float[] panels, float[][] rows) {
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
    return new Packed(depth, blocks, width, new float[0], rows);
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
    return new Packed(depth, blocks, width, panels, new float[0][]);
  }
}
