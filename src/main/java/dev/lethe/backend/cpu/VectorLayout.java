package dev.lethe.backend.cpu;

import dev.lethe.Precision;

/** Kernels that work on the memory of {@link VectorKernels}, as these lay it out. */
abstract class VectorLayout implements Kernels {
  final VectorKernels vectors;

  VectorLayout(VectorKernels vectors) {
    this.vectors = vectors;
  }

  @Override
  public final int units(int hidden) {
    return vectors.units(hidden);
  }

  @Override
  public final int columns(int total) {
    return vectors.columns(total);
  }

  @Override
  public final Rows rows(int count, int width) {
    return vectors.rows(count, width);
  }

  @Override
  public final Rows rows(int count, int width, int columns) {
    return vectors.rows(count, width, columns);
  }

  @Override
  public final Packed pack(int depth, int blocks, int width, Packed.Source source) {
    return vectors.pack(depth, blocks, width, source);
  }

  @Override
  public final Packed packNarrow(
      Precision precision, int depth, int blocks, int width, Packed.Source source) {
    return vectors.packNarrow(precision, depth, blocks, width, source);
  }

  @Override
  public final Packed packInt8(
      int depth, int blocks, int width, Packed.Source integers, float[] scales) {
    return vectors.packInt8(depth, blocks, width, integers, scales);
  }
}
