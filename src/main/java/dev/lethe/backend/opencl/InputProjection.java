package dev.lethe.backend.opencl;

/** The product of looked-up rows of a layer's input with its input weights, plus the bias. */
interface InputProjection extends AutoCloseable {
  /** y [M][N] = x [M][K] * w + bias [N]; w as the cell's weights have it for this plan. */
  void bind(int columns, int depth, Buffer x, Buffer w, Buffer bias, Buffer y);

  /** Where row m of x is: rows[m] = (sequence, time step), their strides in elements. */
  void bindRows(Buffer rows, int batchStride, int timeStride);

  /** Starts on {@code count} looked-up rows from {@code first} on. */
  void enqueueRows(int first, int count, int columns);

  @Override
  void close();
}
