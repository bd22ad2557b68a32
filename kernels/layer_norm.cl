// layer_norm.cl: normalization over the last axis.
//   y[r][k] = (x[r][k] - mean) / sqrt(variance + epsilon) * scale[k] + shift[k],  mean and variance over k
// x, y [rows][width], scale, shift [width].  Grid: one work-group of L work-items a row.  Each work-item adds up every
// L-th element, then the partial sums are added in a tree: the same order in every batch.  y may alias x.
// Host side: LayerNormKernel.java

#ifndef L
#error "layer_norm.cl needs L, a power of two"
#endif

#define ELEMENT float
#include "reduce.cl"

__kernel __attribute__((reqd_work_group_size(L, 1, 1))) void layer_norm(
    const int width, const float epsilon, __global const float* x, __global const float* restrict scale,
    __global const float* restrict shift, __global float* y) {
  __local float partial[L];
  const int item = get_local_id(0);
  const size_t row = get_group_id(0) * (size_t)width;

  float sum = 0.0f;
  for (int k = item; k < width; k += L) {
    sum += x[row + k];
  }
  const float mean = group_sum(partial, sum) / width;

  float squares = 0.0f;
  for (int k = item; k < width; k += L) {
    const float centred = x[row + k] - mean;
    squares = fma(centred, centred, squares);
  }
  const float deviation = sqrt(group_sum(partial, squares) / width + epsilon);

  for (int k = item; k < width; k += L) {
    y[row + k] = fma((x[row + k] - mean) / deviation, scale[k], shift[k]);
  }
}
