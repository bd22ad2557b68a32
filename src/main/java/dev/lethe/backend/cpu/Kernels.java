package dev.lethe.backend.cpu;

/**
 * The arithmetic of the fast path. Every implementation does the same IEEE operations in the same
 * order for each element, so that all give the same bits, whatever stands beside the element in a
 * vector, tile or batch.
 *
 * <p>Stateless, free to be shared between threads.
 */
interface Kernels {
  /** Rows of a tile, and the distance of neighbouring k in the left factor: a[k*TILE + row]. */
  int TILE = 8;

  /** How many hidden units a block of gate columns holds: the columns are i, f, g, o of these. */
  int units(int hidden);

  /** How many columns a block of any other matrix holds. */
  int columns(int total);

  /** Rearranges a weight matrix. */
  Packed pack(int depth, int blocks, int width, Packed.Source source);

  /**
   * z[row][:] = fma(a[k][row], weights[k][block], z[row][:]) for k = 0, 1, ... in this order.
   *
   * @param rows 1 to {@link #TILE}; 2 and 3 rows count as 4, 5 to 7 as 8: the others are
   *     overwritten too
   * @param a [K][TILE] from {@code aAt}
   * @param z [TILE][width] from {@code zAt}
   */
  void product(Packed weights, int block, int rows, float[] a, int aAt, float[] z, int zAt);

  /**
   * The standard cell on a block of {@code units} hidden units of some rows: c = fma(f, c, i*g), h
   * = o * tanh(c), or o * c if {@code identity}.
   *
   * @param z [rows][4][units] from {@code zAt}: i, f, g, o before their functions; h stands in
   *     place of i afterwards, anything in place of the others
   * @param c [rows][units] from {@code cAt}, replaced
   * @param units as {@link #units} gave it
   */
  void cell(int rows, float[] z, int zAt, float[] c, int cAt, int units, boolean identity);
}
