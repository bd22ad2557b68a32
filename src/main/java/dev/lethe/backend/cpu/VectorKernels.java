package dev.lethe.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link Kernels} on the Vector API. Loaded by name, and only where the module jdk.incubator.vector
 * is.
 */
final class VectorKernels implements Kernels {
  private static final int LANES = VectorTiles.LANES;
  private static final int CANDIDATE = 2;
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
  public void cell(int rows, float[] z, int zAt, float[] c, int cAt, int units, boolean identity) {
    // one call site each: HotSpot would not inline a second copy, and then vectors become objects
    for (int pass = 0; pass < (identity ? 1 : 2); pass++) {
      functions(rows, pass == 0 ? 4 : 1, z, zAt, units);
      if (pass == 0) {
        update(rows, z, zAt, c, cAt, units);
      }
    }
    for (int row = 0; row < rows; row++) {
      int at = zAt + row * 4 * units;
      for (int j = at; j < at + units; j += LANES) {
        load(z, j + 3 * units).mul(load(z, j)).intoArray(z, j);
      }
    }
  }

  /** Leaves the new c in place of i, too. */
  private static void update(int rows, float[] z, int zAt, float[] c, int cAt, int units) {
    for (int row = 0; row < rows; row++) {
      int at = zAt + row * 4 * units;
      for (int j = 0; j < units; j += LANES) {
        FloatVector product = load(z, at + j).mul(load(z, at + CANDIDATE * units + j));
        int old = cAt + row * units + j;
        FloatVector newC = load(z, at + units + j).fma(load(c, old), product);
        newC.intoArray(c, old);
        newC.intoArray(z, at + j);
      }
    }
  }

  /**
   * Sigmoid of i, f and o and tanh of g in place; or, for one part, tanh of what stands in place of
   * i.
   */
  private static void functions(int rows, int parts, float[] z, int zAt, int units) {
    for (int part = 0; part < parts; part++) {
      boolean tanh = parts == 1 || part == CANDIDATE;
      for (int row = 0; row < rows; row++) {
        int at = zAt + (row * 4 + part) * units;
        for (int j = at; j < at + units; j += LANES) {
          function(tanh, load(z, j)).intoArray(z, j);
        }
      }
    }
  }

  /** As {@link FloatMath#sigmoid} and {@link FloatMath#tanh}, operation by operation. */
  private static FloatVector function(boolean tanh, FloatVector x) {
    float bound = tanh ? FloatMath.TANH_BOUND : FloatMath.SIGMOID_BOUND;
    FloatVector v = x.min(bound).max(-bound).mul(tanh ? 2f : -1f);
    FloatVector rounded = v.fma(all(FloatMath.LOG2_E), all(FloatMath.ROUNDER));
    FloatVector q = expMinusOne(v, rounded.sub(FloatMath.ROUNDER));
    FloatVector scale = power(rounded.reinterpretAsInts().sub(ROUNDER_BITS));
    FloatVector e = scale.fma(q, scale.sub(1f));
    FloatVector numerator = tanh ? e : all(1f);
    return numerator.div(e.add(2f));
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

  /** 2^n. A multiplication, since shifts are slow on Java 17. */
  private static FloatVector power(IntVector n) {
    return n.mul(1 << 23).add(ONE_BITS).reinterpretAsFloats();
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
