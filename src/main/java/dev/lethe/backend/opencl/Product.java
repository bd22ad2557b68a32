package dev.lethe.backend.opencl;

import dev.lethe.network.Dense;
import java.util.Map;

/** Host side of product.cl. */
final class Product implements InputProjection {
  private final ProductTile tile;
  private final Kernel kernel;
  private final boolean rowMap;

  /**
   * @param rowMap rows are looked up, as the input projection needs it; their strides are multiples
   *     of {@code depth}
   */
  Product(
      Programs programs,
      OpenClPlan plan,
      ProductTile tile,
      boolean rowMap,
      int depth,
      int columns) {
    this.tile = tile;
    this.rowMap = rowMap;
    String options = plan.options().product(tile, rowMap, depth, columns);
    this.kernel = programs.kernel("product.cl", "product", options);
  }

  @Override
  public void bind(int columns, int depth, Buffer x, Buffer w, Buffer bias, Buffer y) {
    kernel.set(1, columns).set(2, depth);
    int next = rowMap ? 7 : 3;
    kernel.set(next, x).set(next + 1, w).set(next + 2, bias).set(next + 3, y);
  }

  @Override
  public void bindRows(Buffer rows, int batchStride, int timeStride) {
    kernel.set(4, batchStride).set(5, timeStride).set(6, rows);
  }

  @Override
  public void enqueueRows(int first, int count, int columns) {
    kernel.set(3, first);
    enqueue(count, columns);
  }

  void enqueue(int rows, int columns) {
    kernel.set(0, rows);
    long groupsX = (columns + tile.columns() - 1L) / tile.columns();
    long groupsY = (rows + tile.rows() - 1L) / tile.rows();
    kernel.launch(
        groupsX * tile.columnItems(),
        groupsY * tile.rowItems(),
        tile.columnItems(),
        tile.rowItems());
  }

  @Override
  public void close() {
    kernel.close();
  }

  /** The dense stage. */
  static final class DenseRunner implements StageRunner {
    private final Dense stage;
    private final Product product;
    private final Buffer weights;
    private final Buffer bias;

    DenseRunner(Dense stage, Context context, Programs programs, OpenClPlan plan) {
      plan.requireDepth(stage.name(), stage.weights().rows());
      this.stage = stage;
      int depth = stage.weights().rows();
      int columns = stage.weights().columns();
      this.product = new Product(programs, plan, plan.products().get(0), false, depth, columns);
      this.weights = context.upload(stage.name() + " weights", stage.weights().toArray());
      this.bias = context.upload(stage.name() + " bias", stage.bias().toArray());
    }

    @Override
    public Runnable bind(Map<String, Integer> sizes, Values values) {
      int depth = stage.weights().rows();
      int columns = stage.weights().columns();
      int rows = stage.x().shape().count().resolve(sizes) / depth;
      product.bind(columns, depth, values.of(stage.x()), weights, bias, values.of(stage.y()));
      return () -> product.enqueue(rows, columns);
    }

    @Override
    public void close() {
      product.close();
      weights.close();
      bias.close();
    }
  }
}
