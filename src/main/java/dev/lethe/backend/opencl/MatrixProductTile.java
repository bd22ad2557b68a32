package dev.lethe.backend.opencl;

import java.util.List;

/**
 * How product_matrix.cl is cut: a group makes size x size results.
 *
 * @param size rows and columns
 */
record MatrixProductTile(int size) implements ProjectionTile {
  /**
   * The largest last, of which the others are divisors: for each result, a group twice as large
   * reads half as much.
   */
  static final List<MatrixProductTile> ALL =
      List.of(new MatrixProductTile(64), new MatrixProductTile(128));

  /** Work-items of a group: a 32-wide slice for each 32 columns, and for each half of the rows. */
  int items() {
    return 2 * size;
  }

  @Override
  public int rows() {
    return size;
  }

  @Override
  public int columns() {
    return size;
  }

  @Override
  public List<Integer> numbers() {
    return List.of(size);
  }
}
