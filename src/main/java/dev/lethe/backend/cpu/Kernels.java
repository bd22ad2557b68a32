package dev.lethe.backend.cpu;

import dev.lethe.Precision;

/**
 * The arithmetic of the fast path. Every implementation does the same IEEE operations in the same
 * order for each element, so that all give the same bits, whatever stands beside the element in a
 * vector, tile or batch.
 *
 * <p>Stateless, free to be shared between threads.
 */
interface Kernels {
  /** How many hidden units a block of gate columns holds: the columns are i, f, g, o of these. */
  int units(int hidden);

  /** How many columns a block of any other matrix holds. */
  int columns(int total);

  /** Rows for products and updates, of {@code width} numbers each, with zeros. */
  default Rows rows(int count, int width) {
    return Rows.together(count, width);
  }

  /**
   * {@link #rows(int, int)} for products of {@code columns} columns: with room for {@link
   * Rows#pack}, if packed rows are faster there.
   */
  default Rows rows(int count, int width, int columns) {
    return rows(count, width);
  }

  /** Rearranges a weight matrix. */
  Packed pack(int depth, int blocks, int width, Packed.Source source);

  /**
   * Rearranges a matrix of gate columns, in fewer bytes if it pays.
   *
   * @param precision bf16 or fp16
   * @param source weights that the precision has
   */
  Packed packNarrow(Precision precision, int depth, int blocks, int width, Packed.Source source);

  /**
   * Rearranges a matrix of gate columns in int8.
   *
   * @param integers from -127 to 127
   * @param scales of the columns, [blocks*width]
   */
  Packed packInt8(int depth, int blocks, int width, Packed.Source integers, float[] scales);

  /**
   * z[row][:] = from[row][:], then fma(a[row][k], weights[k][block], z[row][:]) for k = 0, 1, ...
   * in this order. In int8 the weights are the ints of {@link Packed#quads}, the sums begin with 0,
   * and {@link Packed#scale} makes z of them.
   *
   * @param next the block that the caller wants next, which may be read ahead; or {@code block}
   * @param rows 1 or more
   * @param a the left factor, from row {@code first} on, as {@link #rows} made it
   * @param from what the sums begin with: from {@code fromAt} on, a row every {@code fromStride};
   *     may be z itself
   * @param z [rows][width] from {@code zAt}
   */
  void product(
      Packed weights,
      int block,
      int next,
      int rows,
      Rows a,
      int first,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt);

  /**
   * {@link #product} for one row and the blocks from {@code block} to before {@code end}.
   *
   * @param a whose first row it is
   * @param z [width] for each block, {@code stride} apart, from {@code zAt}: what the sums begin
   *     with, and then the sums
   */
  default void row(Packed weights, int block, int end, Rows a, float[] z, int zAt, int stride) {
    for (int k = block; k < end; k++) {
      int place = zAt + (k - block) * stride;
      product(weights, k, k, 1, a, 0, z, place, 0, z, place);
    }
  }

  /**
   * The standard cell: {@link FloatMath#cell}, and {@link FloatMath#hidden} or, if {@code
   * identity}, c over the divisor of o.
   *
   * @param z the pre-activations, [4][units] for each row, {@code zStride} apart, from {@code zAt}:
   *     i, f, g, o; overwritten
   * @param c [units] for each row, {@code cStride} apart, from {@code cAt}, replaced
   * @param h where the {@code units} of each row go, {@code hAt} further on
   * @param units as {@link #units} gave it
   */
  void update(
      int rows,
      float[] z,
      int zAt,
      int zStride,
      float[] c,
      int cAt,
      int cStride,
      Rows h,
      int hAt,
      int units,
      boolean identity);

  /**
   * What a session should compute with, which is the same to every bit: these kernels, or some that
   * do not take so long at first.
   *
   * @param precision of the weights of LSTM layers
   */
  default Kernels ofSession(Precision precision) {
    return this;
  }

  /** Whether a processor is needed to make these kernels as fast as they will be. */
  default boolean warming() {
    return false;
  }

  /** Returns when that is over; after half a minute anyway. */
  default void warmUp() {}

  /**
   * Operations of a round of {@link #multiplyAdd}; 0 where the processor's peak is out of reach.
   */
  default int operationsOfARound() {
    return 0;
  }

  /**
   * Keeps the processor busy with fused multiplications and additions that need no memory.
   *
   * @param rounds how often
   * @param seed a finite number that the compiler does not know
   * @return something that all of them went into
   */
  default float multiplyAdd(int rounds, float seed) {
    return seed;
  }
}
