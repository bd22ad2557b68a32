package dev.lethe.backend.cpu;

import dev.lethe.Precision;

/**
 * {@link VectorKernels} once HotSpot has compiled them, and {@link PanelKernels} before: until then
 * each operation on vectors is a call that makes objects, and a run takes a hundred times as long
 * as later. {@link VectorWarmUp} says when.
 */
final class WarmingKernels extends VectorLayout {
  private final PanelKernels panels;
  private final VectorWarmUp warmUp;

  WarmingKernels(VectorKernels vectors) {
    super(vectors);
    this.panels = new PanelKernels(vectors);
    this.warmUp = new VectorWarmUp(vectors, panels);
  }

  /** The same, with what a session of this precision needs being compiled. */
  WarmingKernels begin(Precision precision) {
    warmUp.begin(precision);
    return this;
  }

  private Kernels updates() {
    return warmUp.compiled(VectorWarmUp.UPDATE) ? vectors : panels;
  }

  private Kernels products(Packed weights, int rows) {
    return warmUp.compiled(VectorWarmUp.products(weights.precision(), rows)) ? vectors : panels;
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
    products(weights, rows)
        .product(weights, block, next, rows, a, first, from, fromAt, fromStride, z, zAt);
  }

  @Override
  public void row(Packed weights, int block, int end, Rows a, float[] z, int zAt, int stride) {
    products(weights, 1).row(weights, block, end, a, z, zAt, stride);
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
    updates().update(rows, z, zAt, zStride, c, cAt, cStride, h, hAt, units, identity);
  }

  @Override
  public boolean warming() {
    return warmUp.running();
  }

  @Override
  public void warmUp() {
    warmUp.await();
  }

  @Override
  public int operationsOfARound() {
    return vectors.operationsOfARound();
  }

  @Override
  public float multiplyAdd(int rounds, float seed) {
    return vectors.multiplyAdd(rounds, seed);
  }

  @Override
  public String toString() {
    return vectors.toString();
  }
}
