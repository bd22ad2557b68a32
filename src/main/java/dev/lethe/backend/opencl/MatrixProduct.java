package dev.lethe.backend.opencl;

/** Host side of product_matrix.cl: the input projection on matrix units. */
final class MatrixProduct implements InputProjection {
  /** Rows and columns of a group. */
  static final int TILE = 64;

  private static final int ITEMS = 128;
  private final OpenClPlan plan;
  private final Kernel kernel;

  MatrixProduct(Programs programs, OpenClPlan plan) {
    this.plan = plan;
    String options = plan.matrixProductOptions();
    this.kernel = programs.kernel("product_matrix.cl", "product_matrix", options);
  }

  @Override
  public void bind(int columns, int depth, Buffer x, Buffer w, Buffer bias, Buffer y) {
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
    long groupsX = (columns + TILE - 1L) / TILE;
    long groupsY = (count + TILE - 1L) / TILE;
    kernel.launch(groupsX * ITEMS, groupsY, ITEMS, 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
