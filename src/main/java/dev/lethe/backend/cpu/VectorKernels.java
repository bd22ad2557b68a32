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

  private static final int ROUNDER_BITS = Float.floatToRawIntBits(FloatMath.ROUNDER);
  private static final int ONE_BITS = Float.floatToRawIntBits(1f);
  private static final int INFINITY_BITS = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

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
          Fp16Tiles.has(depth, blocks, width, source)
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
    int start = block * width * depth;
    int[] words = weights.words();
    switch (weights.precision()) {
      case BF16 ->
          HalfTiles.product(
              rows, depth, words, start / 2, a, at, atFrom, from, fromAt, fromStride, z, zAt);
      case FP16 ->
          Fp16Tiles.product(
              rows, depth, words, start / 2, a, at, atFrom, from, fromAt, fromStride, z, zAt);
      case INT8 ->
          Int8Tiles.product(
              rows,
              depth,
              words,
              start / 4,
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
  public void gates(int rows, float[] z, int zAt, int units) {
    int end = zAt + rows * ROW;
    functions(false, z, zAt, end);
    functions(false, z, zAt + LANES, end);
    functions(true, z, zAt + 2 * LANES, end);
    functions(false, z, zAt + 3 * LANES, end);
  }

  @Override
  public void update(
      int rows, float[] z, int zAt, float[] c, int cAt, int units, boolean identity) {
    int end = zAt + rows * ROW;
    int at = cAt;
    for (int k = zAt; k < end; k += ROW) {
      FloatVector product = load(z, k).mul(load(z, k + 2 * LANES));
      FloatVector now = load(z, k + LANES).fma(load(c, at), product);
      now.intoArray(c, at);
      now.intoArray(z, k);
      at += LANES;
    }
    if (!identity) {
      functions(true, z, zAt, end);
    }
    for (int k = zAt; k < end; k += ROW) {
      load(z, k + 3 * LANES).mul(load(z, k)).intoArray(z, k);
    }
  }

  /**
   * {@link FloatMath#sigmoid} or {@link FloatMath#tanh} in place, operation by operation, of the
   * vector that begins each row. All in one method: HotSpot would not inline a second copy of a
   * part, and then vectors become objects.
   */
  private static void functions(boolean tanh, float[] z, int from, int end) {
    int bound = Float.floatToRawIntBits(tanh ? FloatMath.TANH_BOUND : FloatMath.SIGMOID_BOUND);
    float factor = tanh ? 2f : -1f;
    for (int k = from; k < end; k += ROW) {
      IntVector bits = load(z, k).reinterpretAsInts();
      IntVector magnitude = bits.and(Integer.MAX_VALUE);
      // comparing floats as integers is much cheaper here, but takes NaN for a number
      FloatVector x = magnitude.min(bound).or(bits.and(Integer.MIN_VALUE)).reinterpretAsFloats();
      FloatVector v = x.mul(factor);
      FloatVector rounded = v.fma(all(FloatMath.LOG2_E), all(FloatMath.ROUNDER));
      FloatVector n = rounded.sub(FloatMath.ROUNDER);
      FloatVector r = n.fma(all(-FloatMath.LN2_LOW), n.fma(all(-FloatMath.LN2_HIGH), v));
      FloatVector p = all(FloatMath.P5).fma(r, all(FloatMath.P4));
      p = p.fma(r, all(FloatMath.P3));
      p = p.fma(r, all(FloatMath.P2));
      p = p.fma(r, all(FloatMath.P1));
      p = p.fma(r, all(FloatMath.P0));
      FloatVector q = p.fma(r.mul(r), r);
      // 2^n by a multiplication, since shifts are slow on Java 17
      IntVector power = rounded.reinterpretAsInts().sub(ROUNDER_BITS).mul(1 << 23).add(ONE_BITS);
      FloatVector scale = power.reinterpretAsFloats();
      FloatVector e = scale.fma(q, scale.sub(1f));
      FloatVector y = (tanh ? e : all(1f)).div(e.add(2f));
      // 0 for numbers; for NaN a negative number, which makes any result NaN
      IntVector nan = magnitude.max(INFINITY_BITS).neg().add(INFINITY_BITS);
      y.reinterpretAsInts().or(nan).reinterpretAsFloats().intoArray(z, k);
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
