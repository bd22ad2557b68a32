package dev.lethe.backend.cpu;

import dev.lethe.network.Dense;
import dev.lethe.network.Matrix;
import java.util.Map;

/** A dense layer on the fast path: tiles of rows, dealt out to the threads. */
final class CpuDense {
  private static final int TILE = Kernels.TILE;

  private final Dense stage;
  private final Kernels kernels;
  private final Packed weights;

  /** [blocks][width]. */
  private final float[] bias;

  CpuDense(Dense stage, Kernels kernels) {
    this.stage = stage;
    this.kernels = kernels;
    Matrix matrix = stage.weights();
    int total = matrix.columns();
    int width = kernels.columns(total);
    int blocks = (total + width - 1) / width;
    weights =
        kernels.pack(
            matrix.rows(),
            blocks,
            width,
            (k, block, column) -> {
              int n = block * width + column;
              return n < total ? matrix.at(k, n) : 0;
            });
    bias = new float[blocks * width];
    for (int n = 0; n < total; n++) {
      bias[n] = stage.bias().at(0, n);
    }
  }

  /**
   * Makes room for a batch.
   *
   * @return what runs it
   */
  Runnable plan(Map<String, Integer> sizes, Buffers buffers, Workers workers) {
    int rows = stage.y().shape().count().resolve(sizes) / stage.weights().columns();
    int tiles = (rows + TILE - 1) / TILE;
    int tasks = Math.min(tiles, workers.threads());
    float[][] a = new float[tasks][weights.depth() * TILE];
    float[][] z = new float[tasks][TILE * weights.width()];
    float[] x = buffers.floats(stage.x());
    float[] y = buffers.floats(stage.y());
    return () ->
        workers.run(
            tasks,
            task -> {
              for (int tile = task; tile < tiles; tile += tasks) {
                tile(x, y, tile * TILE, Math.min(TILE, rows - tile * TILE), a[task], z[task]);
              }
            });
  }

  private void tile(float[] x, float[] y, int first, int rows, float[] a, float[] z) {
    int depth = weights.depth();
    for (int row = 0; row < rows; row++) {
      for (int k = 0; k < depth; k++) {
        a[k * TILE + row] = x[(first + row) * depth + k];
      }
    }
    int width = weights.width();
    int total = stage.weights().columns();
    for (int block = 0; block < weights.blocks(); block++) {
      for (int row = 0; row < rows; row++) {
        System.arraycopy(bias, block * width, z, row * width, width);
      }
      kernels.product(weights, block, rows, a, 0, z, 0);
      int columns = Math.min(width, total - block * width);
      for (int row = 0; row < rows; row++) {
        System.arraycopy(z, row * width, y, (first + row) * total + block * width, columns);
      }
    }
  }
}
