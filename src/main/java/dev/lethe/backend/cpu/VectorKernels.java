package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import dev.lethe.backend.Float16;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link Kernels} on the Vector API. Loaded by name, and only where the module jdk.incubator.vector
 * is.
 */
final class VectorKernels implements Kernels {
  private static final int LANES = VectorTiles.LANES;

  /** From one row of pre-activations to the next. */
  private static final int ROW = 4 * LANES;

  private static final int ONE_BITS = Float.floatToRawIntBits(1f);

  @Override
  public int units(int hidden) {
    return LANES;
  }

  @Override
  public int columns(int total) {
    return VectorTiles.PANEL;
  }

  @Override
  public Packed pack(int depth, int blocks, int width, Packed.Source source) {
    return Packed.panels(depth, blocks, width, VectorTiles.PANEL, source);
  }

  @Override
  public Packed packNarrow(
      Precision precision, int depth, int blocks, int width, Packed.Source source) {
    return switch (precision) {
      case BF16 ->
          Packed.pairs(precision, depth, blocks, width, VectorTiles.PANEL, source, HalfTiles::bits);
      case FP16 ->
          Fp16Tiles.allFinite(depth, blocks, width, source)
              ? Packed.pairs(
                  precision, depth, blocks, width, VectorTiles.PANEL, source, Float16::bits)
              : pack(depth, blocks, width, source);
      default -> pack(depth, blocks, width, source);
    };
  }

  @Override
  public Packed packInt8(int depth, int blocks, int width, Packed.Source integers, float[] scales) {
    return Packed.quads(depth, blocks, width, LANES, integers, scales);
  }

  @Override
  public void product(
      Packed weights,
      int block,
      int rows,
      float[] a,
      int[] at,
      int atFrom,
      float[] from,
      int fromAt,
      int fromStride,
      float[] z,
      int zAt) {
    int depth = weights.depth();
    int width = weights.width();
    int start = weights.at(block);
    int[] words = weights.words();
    switch (weights.precision()) {
      case BF16 ->
          HalfTiles.product(
              rows, depth, words, start, a, at, atFrom, from, fromAt, fromStride, z, zAt);
      case FP16 ->
          Fp16Tiles.product(
              rows, depth, words, start, a, at, atFrom, from, fromAt, fromStride, z, zAt);
      case INT8 ->
          Int8Tiles.product(
              rows,
              depth,
              words,
              start,
              weights.scales(),
              block * width,
              a,
              at,
              atFrom,
              from,
              fromAt,
              fromStride,
              z,
              zAt);
      default ->
          VectorTiles.product(
              rows,
              depth,
              weights.panels(),
              start,
              a,
              at,
              atFrom,
              from,
              fromAt,
              fromStride,
              z,
              zAt,
              width);
    }
  }

  @Override
  public void row(
      Packed weights, int block, int end, float[] a, int[] at, float[] z, int zAt, int stride) {
    int depth = weights.depth();
    int width = weights.width();
    int[] words = weights.words();
    int k = block;
    int place = zAt;
    for (; k + 1 < end && width == ROW && weights.precision() != Precision.FP16; k += 2) {
      int first = weights.at(k);
      int second = weights.at(k + 1);
      int next = place + stride;
      switch (weights.precision()) {
        case BF16 -> HalfTiles.twoBlocks(depth, words, first, second, a, at[0], z, place, next);
        case INT8 ->
            Int8Tiles.twoBlocks(
                depth,
                words,
                first,
                second,
                weights.scales(),
                k * width,
                (k + 1) * width,
                a,
                at[0],
                z,
                place,
                next);
        default ->
            VectorTiles.twoBlocks(depth, weights.panels(), first, second, a, at[0], z, place, next);
      }
      place += 2 * stride;
    }
    Kernels.super.row(weights, k, end, a, at, z, place, stride);
  }

  @Override
  public void gates(int rows, float[] z, int zAt, int zStride, int units) {
    int end = zAt + rows * zStride;
    functions(false, z, zAt, end, zStride);
    functions(false, z, zAt + LANES, end, zStride);
    functions(true, z, zAt + 2 * LANES, end, zStride);
    functions(false, z, zAt + 3 * LANES, end, zStride);
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
      float[] h,
      int[] at,
      int hAt,
      int units,
      boolean identity) {
    int end = zAt + rows * zStride;
    int place = cAt;
    for (int k = zAt; k < end; k += zStride) {
      FloatVector product = load(z, k).mul(load(z, k + 2 * LANES));
      FloatVector now = load(z, k + LANES).fma(load(c, place), product);
      now.intoArray(c, place);
      now.intoArray(z, k);
      place += cStride;
    }
    if (!identity) {
      functions(true, z, zAt, end, zStride);
    }
    for (int row = 0; row < rows; row++) {
      int k = zAt + row * zStride;
      load(z, k + 3 * LANES).mul(load(z, k)).intoArray(h, at[row] + hAt);
    }
  }

  /**
   * {@link FloatMath#sigmoid} or {@link FloatMath#tanh} in place, operation by operation, of the
   * vectors that are {@code stride} apart. Vectors stay in registers only while HotSpot inlines
   * everything, and it counts: past a limit, which is near, it now and then leaves the last
   * operations as calls, in one start of Java out of four. So: all in one method, since it would
   * not inline a second copy of a part; no operation that can be spared; and constants made
   * beforehand.
   */
  private static void functions(boolean tanh, float[] z, int from, int end, int stride) {
    int bound = Float.floatToRawIntBits(tanh ? FloatMath.TANH_BOUND : FloatMath.SIGMOID_BOUND);
    float factor = tanh ? 2f : -1f;
    // the numerator, e or 1, as e * slope + rest: choosing between vectors makes objects of them
    float slope = tanh ? 1f : 0f;
    float rest = tanh ? -0f : 1f;
    IntVector infinity = all(Float.POSITIVE_INFINITY).reinterpretAsInts();
    for (int k = from; k < end; k += stride) {
      IntVector bits = load(z, k).reinterpretAsInts();
      IntVector magnitude = bits.and(Integer.MAX_VALUE);
      // comparing floats as integers is much cheaper here, but takes NaN for a number;
      // this is 0 for numbers, and for NaN a bit pattern that makes a NaN of any other
      IntVector nan = infinity.sub(magnitude.max(infinity));
      IntVector clamped = magnitude.min(bound).or(bits.and(Integer.MIN_VALUE)).or(nan);
      FloatVector v = clamped.reinterpretAsFloats().mul(factor);
      FloatVector rounded = v.fma(all(FloatMath.LOG2_E), all(FloatMath.ROUNDER));
      FloatVector n = rounded.sub(FloatMath.ROUNDER);
      FloatVector r = n.fma(all(-FloatMath.LN2_LOW), n.fma(all(-FloatMath.LN2_HIGH), v));
      FloatVector p = all(FloatMath.P4).fma(r, all(FloatMath.P3));
      p = p.fma(r, all(FloatMath.P2));
      p = p.fma(r, all(FloatMath.P1));
      p = p.fma(r, all(FloatMath.P0));
      FloatVector q = p.fma(r.mul(r), r);
      // 2^n by a multiplication, since shifts are slow on Java 17; the rounder's bits overflow
      IntVector power = rounded.reinterpretAsInts().mul(1 << 23).add(ONE_BITS);
      FloatVector scale = power.reinterpretAsFloats();
      FloatVector e = scale.fma(q, scale.sub(1f));
      e.fma(all(slope), all(rest)).div(e.add(2f)).intoArray(z, k);
    }
  }

  @Override
  public int operationsOfARound() {
    return VectorTiles.CHAINS * 2 * LANES;
  }

  @Override
  public float multiplyAdd(int rounds, float seed) {
    return VectorTiles.multiplyAdd(rounds, seed);
  }

  private static FloatVector all(float value) {
    return FloatVector.broadcast(VectorTiles.SPECIES, value);
  }

  private static FloatVector load(float[] from, int at) {
    return FloatVector.fromArray(VectorTiles.SPECIES, from, at);
  }

  @Override
  public String toString() {
    return VectorTiles.SPECIES.vectorBitSize() + "-bit vectors";
  }
}
