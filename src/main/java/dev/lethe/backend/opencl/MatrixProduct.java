package dev.lethe.backend.opencl;

/** Host side of product_matrix.cl: the input projection on matrix units. */
final class MatrixProduct implements InputProjection {
  private final OpenClPlan plan;
  private final MatrixProductTile tile;
  private final Kernel kernel;

  /** For rows whose strides are multiples of {@code depth}. */
  MatrixProduct(Programs programs, OpenClPlan plan, MatrixProductTile tile, int depth) {
    this.plan = plan;
    this.tile = tile;
    String options = plan.options().matrixProduct(tile, depth);
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
    long across = (columns + tile.columns() - 1L) / tile.columns();
    long along = (count + tile.rows() - 1L) / tile.rows();
    kernel.launch(across * tile.items(), along, tile.items(), 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
