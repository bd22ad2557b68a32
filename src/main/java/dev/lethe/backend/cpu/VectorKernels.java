package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link Kernels} on the Vector API. Loaded by name, and only where the module jdk.incubator.vector is. */
final class VectorKernels implements Kernels {
  private static final int LANES = VectorTiles.LANES;
  private static final int ROUNDER_BITS = Float.floatToRawIntBits(FloatMath.ROUNDER);
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
  public void product(Packed weights, int block, int rows, float[] a, int aAt, float[] z, int zAt) {
    int depth = weights.depth();
    int width = weights.width();
    for (int first = 0; first < width; first += VectorTiles.PANEL) {
      int at = (block * width + first) * depth;
      VectorTiles.product(rows, depth, weights.panels(), at, a, aAt, z, zAt + first, width);
    }
  }

  @Override
  public void cell(
      float[] z, int zAt, float[] c, int cAt, float[] h, int hAt, int count, boolean identity) {
    for (int j = 0; j < count; j += LANES) {
      FloatVector i = sigmoid(load(z, zAt + j));
      FloatVector f = sigmoid(load(z, zAt + count + j));
      FloatVector g = tanh(load(z, zAt + 2 * count + j));
      FloatVector o = sigmoid(load(z, zAt + 3 * count + j));
      FloatVector newC = f.fma(load(c, cAt + j), i.mul(g));
      newC.intoArray(c, cAt + j);
      o.mul(identity ? newC : tanh(newC)).intoArray(h, hAt + j);
    }
  }

  /** As {@link FloatMath#sigmoid}, operation by operation. */
  static FloatVector sigmoid(FloatVector x) {
    FloatVector v = x.min(FloatMath.SIGMOID_HIGH).max(FloatMath.SIGMOID_LOW).neg();
    FloatVector rounded = v.fma(all(FloatMath.LOG2_E), all(FloatMath.ROUNDER));
    FloatVector q = expMinusOne(v, rounded.sub(FloatMath.ROUNDER));
    FloatVector half = power(rounded.reinterpretAsInts().sub(ROUNDER_BITS + 1));
    return all(1f).div(half.fma(q, half).fma(all(2f), all(1f)));
  }

  /** As {@link FloatMath#tanh}, operation by operation. */
  static FloatVector tanh(FloatVector x) {
    FloatVector v = x.min(FloatMath.TANH_HIGH).max(-FloatMath.TANH_HIGH).mul(2f);
    FloatVector rounded = v.fma(all(FloatMath.LOG2_E), all(FloatMath.ROUNDER));
    FloatVector q = expMinusOne(v, rounded.sub(FloatMath.ROUNDER));
    FloatVector scale = power(rounded.reinterpretAsInts().sub(ROUNDER_BITS));
    FloatVector e = scale.fma(q, scale.sub(1f));
    return e.div(e.add(2f));
  }

  private static FloatVector expMinusOne(FloatVector v, FloatVector n) {
    FloatVector r = n.fma(all(-FloatMath.LN2_LOW), n.fma(all(-FloatMath.LN2_HIGH), v));
    FloatVector p = all(FloatMath.P5).fma(r, all(FloatMath.P4));
    p = p.fma(r, all(FloatMath.P3));
    p = p.fma(r, all(FloatMath.P2));
    p = p.fma(r, all(FloatMath.P1));
    p = p.fma(r, all(FloatMath.P0));
    return p.fma(r.mul(r), r);
  }

  /** 2^n. */
  private static FloatVector power(IntVector n) {
    return n.lanewise(VectorOperators.LSHL, 23).add(ONE_BITS).reinterpretAsFloats();
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
