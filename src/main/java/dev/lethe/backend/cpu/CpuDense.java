package dev.lethe.backend.cpu;

import dev.lethe.network.Dense;
import dev.lethe.network.Matrix;
import java.util.Arrays;
import java.util.Map;
import java.util.function.IntConsumer;

/** A dense layer on the fast path: strips of rows, dealt out to the threads. */
final class CpuDense {
  /** Rows of a strip: a multiple of the highest tile's, few enough for the caches. */
  private static final int STRIP = 48;

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
    int strips = (rows + STRIP - 1) / STRIP;
    int tasks = Math.min(strips, workers.threads());
    int room = Math.min(rows, STRIP);
    float[][] z = new float[tasks][room * weights.width()];
    Rows[] left = new Rows[tasks];
    Arrays.setAll(left, task -> kernels.rows(room, weights.depth()));
    float[] x = buffers.floats(stage.x());
    float[] y = buffers.floats(stage.y());
    IntConsumer part =
        task -> {
          for (int strip = task; strip < strips; strip += tasks) {
            int first = strip * STRIP;
            strip(x, y, first, Math.min(STRIP, rows - first), left[task], z[task]);
          }
        };
    return () -> workers.run(tasks, part);
  }

  private void strip(float[] x, float[] y, int first, int rows, Rows left, float[] z) {
    int depth = weights.depth();
    for (int row = 0; row < rows; row++) {
      System.arraycopy(x, (first + row) * depth, left.of[row], left.at[row], depth);
    }
    int width = weights.width();
    int total = stage.weights().columns();
    for (int block = 0; block < weights.blocks(); block++) {
      kernels.product(weights, block, block, rows, left, 0, bias, block * width, 0, z, 0);
      int columns = Math.min(width, total - block * width);
      for (int row = 0; row < rows; row++) {
        System.arraycopy(z, row * width, y, (first + row) * total + block * width, columns);
      }
    }
  }
}
