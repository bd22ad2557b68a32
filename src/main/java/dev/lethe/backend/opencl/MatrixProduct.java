package dev.lethe.backend.opencl;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Host side of product_matrix.cl: the input projection on matrix units. */
final class MatrixProduct implements InputProjection {
  /**
   * Rows and columns of a group, the largest last, of which the others are divisors: for each
   * result, a group twice as large reads half as much.
   */
  static final List<Integer> TILES = List.of(64, 128);

  /** Groups of each compute unit from which a larger tile leaves enough to do for all. */
  private static final int FILLED = 2;

  private final Programs programs;
  private final OpenClPlan plan;
  private final Map<Integer, Kernel> made = new HashMap<>();
  private Kernel kernel;
  private int tile = TILES.get(0);

  MatrixProduct(Programs programs, OpenClPlan plan) {
    this.programs = programs;
    this.plan = plan;
    this.kernel = kernel(tile);
  }

  /**
   * The tile for a product; the bits are the same with any.
   *
   * @param units of the device that compute, or 0 where that is not known
   */
  static int tile(long rows, long columns, int units) {
    int chosen = TILES.get(0);
    for (int tile : TILES) {
      long groups = groups(rows, tile) * groups(columns, tile);
      chosen = units > 0 && groups >= (long) FILLED * units ? tile : chosen;
    }
    return chosen;
  }

  /** Work-items of a group: a 32-wide slice for each 32 columns, and for each half of the rows. */
  static int items(int tile) {
    return 2 * tile;
  }

  private static long groups(long size, int tile) {
    return (size + tile - 1) / tile;
  }

  private Kernel kernel(int wanted) {
    return made.computeIfAbsent(
        wanted,
        of ->
            programs.kernel("product_matrix.cl", "product_matrix", plan.matrixProductOptions(of)));
  }

  @Override
  public void bind(int rows, int columns, int depth, Buffer x, Buffer w, Buffer bias, Buffer y) {
    tile = tile(rows, columns, plan.computeUnits());
    kernel = kernel(tile);
    int words = MatrixWeights.words(plan.precision(), depth);
    kernel.set(1, columns).set(2, depth).set(3, words);
    kernel.set(8, x).set(9, w).set(10, bias).set(11, y);
  }

  @Override
  public void bindRows(Buffer rows, int batchStride, int timeStride) {
    kernel.set(5, batchStride).set(6, timeStride).set(7, rows);
  }

  @Override
  public void enqueueRows(int first, int count, int columns) {
    kernel.set(0, count).set(4, first);
    kernel.launch(groups(columns, tile) * items(tile), groups(count, tile), items(tile), 1);
  }

  @Override
  public void close() {
    made.values().forEach(Kernel::close);
  }
}
