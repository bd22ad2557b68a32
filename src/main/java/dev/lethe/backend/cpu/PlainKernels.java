package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import dev.lethe.network.Cell;
import java.util.Arrays;

/**
 * {@link Kernels} in plain Java, in loops that HotSpot turns into vector instructions by itself.
 */
final class PlainKernels implements Kernels {
  private static final int UNITS = 64;
  private static final int GRAIN = 8;

  /** One row of a block: HotSpot vectorises loops whose arrays all start at the same index. */
  private final ThreadLocal<float[]> sums = ThreadLocal.withInitial(() -> new float[4 * UNITS]);

  @Override
  public int units(int hidden) {
    return Math.min(UNITS, roundUp(hidden));
  }

  @Override
  public int columns(int total) {
    return Math.min(4 * UNITS, roundUp(Math.max(1, total)));
  }

  @Override
  public Packed pack(int depth, int blocks, int width, Packed.Source source) {
    return Packed.rows(depth, blocks, width, source);
  }

  /** HotSpot makes no vector instructions of what would widen them again. */
  @Override
  public Packed packNarrow(
      Precision precision, int depth, int blocks, int width, Packed.Source source) {
    return pack(depth, blocks, width, source);
  }

  @Override
  public Packed packInt8(int depth, int blocks, int width, Packed.Source integers, float[] scales) {
    return Packed.quadRows(depth, blocks, width / Cell.GATES, integers, scales);
  }

  @Override
  public void product(
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
      int zAt) {
    int width = weights.width();
    int depth = weights.depth();
    float[] sums = this.sums.get();
    if (weights.precision() == Precision.INT8) {
      for (int row = 0; row < rows; row++) {
        Arrays.fill(sums, 0, width, 0f);
        product(weights.rows(), block * depth, depth, a, first + row, sums, width);
        int start = fromAt + row * fromStride;
        weights.scale(block, sums, from, start, z, zAt + row * width);
      }
      return;
    }
    for (int row = 0; row < rows; row++) {
      System.arraycopy(from, fromAt + row * fromStride, sums, 0, width);
      product(weights.rows(), block * depth, depth, a, first + row, sums, width);
      System.arraycopy(sums, 0, z, zAt + row * width, width);
    }
  }

  private static void product(
      float[][] rows, int first, int depth, Rows left, int row, float[] sums, int width) {
    float[] a = left.of[row];
    int aAt = left.at[row];
    int k = 0;
    for (; k + 3 < depth; k += 4) {
      int at = aAt + k;
      four(
          sums,
          width,
          rows[first + k],
          rows[first + k + 1],
          rows[first + k + 2],
          rows[first + k + 3],
          a[at],
          a[at + 1],
          a[at + 2],
          a[at + 3]);
    }
    for (; k < depth; k++) {
      one(sums, width, rows[first + k], a[aAt + k]);
    }
  }

  static void four(
      float[] sums,
      int width,
      float[] w0,
      float[] w1,
      float[] w2,
      float[] w3,
      float a0,
      float a1,
      float a2,
      float a3) {
    for (int j = 0; j < width; j++) {
      sums[j] =
          Math.fma(
              a3, w3[j], Math.fma(a2, w2[j], Math.fma(a1, w1[j], Math.fma(a0, w0[j], sums[j]))));
    }
  }

  static void one(float[] sums, int width, float[] w, float a) {
    for (int j = 0; j < width; j++) {
      sums[j] = Math.fma(a, w[j], sums[j]);
    }
  }

  @Override
  public void update(
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
      boolean identity) {
    for (int row = 0; row < rows; row++) {
      int first = zAt + row * zStride;
      for (int j = first; j < first + units; j++) {
        z[j] = FloatMath.divisor(z[j]);
        z[j + units] = FloatMath.divisor(z[j + units]);
        z[j + 2 * units] = FloatMath.dividend(z[j + 2 * units]);
        z[j + 3 * units] = FloatMath.divisor(z[j + 3 * units]);
      }
      int old = cAt + row * cStride;
      float[] shown = h.of[row];
      int to = h.at[row] + hAt;
      for (int j = 0; j < units; j++) {
        int i = first + j;
        float now = FloatMath.cell(z[i], z[i + units], z[i + 2 * units], c[old + j]);
        c[old + j] = now;
        float o = z[i + 3 * units];
        shown[to + j] = identity ? now / o : FloatMath.hidden(o, now);
      }
    }
  }

  private static int roundUp(int n) {
    return (n + GRAIN - 1) / GRAIN * GRAIN;
  }
}
