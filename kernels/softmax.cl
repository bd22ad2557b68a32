// softmax.cl: softmax over the last axis, or its logarithm.
//   y[r][k] = e^(x[r][k] - max) / sum over k of e^(x[r][k] - max)      LOGARITHM: x[r][k] - max - log(sum)
// x, y [rows][width].  Grid: one work-group of L work-items a row.  Each work-item adds up every L-th element, then
// the partial sums are added in a tree: the same order in every batch.  y may alias x.
// Host side: SoftmaxKernel.java

#ifndef L
#error "softmax.cl needs L, a power of two"
#endif
#define ELEMENT float
#include "reduce.cl"

__kernel __attribute__((reqd_work_group_size(L, 1, 1))) void softmax(
    const int width, __global const float* x, __global float* y) {
  __local float partial[L];
  const int item = get_local_id(0);
  const size_t row = get_group_id(0) * (size_t)width;

  float largest = -INFINITY;
  for (int k = item; k < width; k += L) {
    largest = fmax(largest, x[row + k]);
  }
  partial[item] = largest;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int half_size = L / 2; half_size > 0; half_size /= 2) {
    if (item < half_size) {
      partial[item] = fmax(partial[item], partial[item + half_size]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }
  largest = partial[0];
  barrier(CLK_LOCAL_MEM_FENCE);

  float sum = 0.0f;
  for (int k = item; k < width; k += L) {
    sum += exp(x[row + k] - largest);
  }
  sum = group_sum(partial, sum);

  for (int k = item; k < width; k += L) {
#ifdef LOGARITHM
    y[row + k] = x[row + k] - largest - log(sum);
#else
    y[row + k] = exp(x[row + k] - largest) / sum;
#endif
  }
}
