package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import dev.lethe.network.Cell;
import java.util.Arrays;

/**
 * {@link VectorKernels}' numbers from its memory, without its vectors: loops in plain Java, which
 * HotSpot has compiled within a fraction of a second.
 */
final class PanelKernels extends VectorLayout {
  /** Rows whose sums stay in the first-level cache. */
  private static final int STRIP = 16;

  private static final int UPPER = 0xffff0000;

  private final Kernels plain = CpuKernels.plain();
  private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(Scratch::new);

  /** Four rows of weights of a block, and the sums of a strip. */
  private static final class Scratch {
    final float[][] weights = new float[4][VectorTiles.BLOCK];
    final float[][] sums = new float[STRIP][VectorTiles.BLOCK];
  }

  PanelKernels(VectorKernels vectors) {
    super(vectors);
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
    boolean scaled = weights.precision() == Precision.INT8;
    float[][] sums = scratch.get().sums;
    for (int strip = 0; strip < rows; strip += STRIP) {
      int end = Math.min(rows, strip + STRIP);
      for (int row = strip; row < end; row++) {
        if (scaled) {
          Arrays.fill(sums[row - strip], 0, width, 0f);
        } else {
          System.arraycopy(from, fromAt + row * fromStride, sums[row - strip], 0, width);
        }
      }
      multiply(weights, block, end - strip, a, first + strip);
      for (int row = strip; row < end; row++) {
        int to = zAt + row * width;
        if (scaled) {
          int added = fromAt + row * fromStride;
          weights.scale(block, sums[row - strip], from, added, z, to);
        } else {
          System.arraycopy(sums[row - strip], 0, z, to, width);
        }
      }
    }
  }

  private void multiply(Packed weights, int block, int rows, Rows a, int first) {
    int depth = weights.depth();
    int width = weights.width();
    float[][] sums = scratch.get().sums;
    float[][] w = scratch.get().weights;
    int k = 0;
    for (; k + 3 < depth; k += 4) {
      for (int j = 0; j < 4; j++) {
        read(weights, block, k + j, w[j]);
      }
      for (int row = 0; row < rows; row++) {
        float[] left = a.of[first + row];
        int at = a.at[first + row] + k;
        PlainKernels.four(
            sums[row],
            width,
            w[0],
            w[1],
            w[2],
            w[3],
            left[at],
            left[at + 1],
            left[at + 2],
            left[at + 3]);
      }
    }
    for (; k < depth; k++) {
      read(weights, block, k, w[0]);
      for (int row = 0; row < rows; row++) {
        PlainKernels.one(sums[row], width, w[0], a.of[first + row][a.at[first + row] + k]);
      }
    }
  }

  /** Weights k of all columns of a block. */
  private static void read(Packed weights, int block, int k, float[] to) {
    int at = weights.at(block);
    switch (weights.precision()) {
      case BF16, FP16 -> pairs(weights, at, k, to);
      case INT8 -> quads(weights.words(), at + k * VectorTiles.LANES, to);
      default -> {
        for (int column = 0; column < weights.width(); column += VectorTiles.PANEL) {
          int from = at + column * weights.depth() + k * VectorTiles.PANEL;
          System.arraycopy(weights.panels(), from, to, column, VectorTiles.PANEL);
        }
      }
    }
  }

  private static void pairs(Packed weights, int blockAt, int k, float[] to) {
    int half = HalfTiles.PANEL / 2;
    boolean fp16 = weights.precision() == Precision.FP16;
    for (int column = 0; column < weights.width(); column += HalfTiles.PANEL) {
      int at = blockAt + column / 2 * weights.depth() + k * half;
      for (int j = 0; j < half; j++) {
        int word = weights.words()[at + j];
        int lower = word << 16;
        to[column + j] = fp16 ? Fp16Tiles.upper(word) : Float.intBitsToFloat(word & UPPER);
        to[column + half + j] = fp16 ? Fp16Tiles.upper(lower) : Float.intBitsToFloat(lower);
      }
    }
  }

  private static void quads(int[] words, int at, float[] to) {
    for (int gate = 0; gate < Cell.GATES; gate++) {
      for (int j = 0; j < VectorTiles.LANES; j++) {
        to[gate * VectorTiles.LANES + j] = words[at + j] << gate * Byte.SIZE;
      }
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
    plain.update(rows, z, zAt, zStride, c, cAt, cStride, h, hAt, units, identity);
  }
}
