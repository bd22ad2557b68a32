// step_mask.cl: which steps count.
//   y[r] = 1 if any x[r][k] != skipped, else 0
// x [count][width] of ELEMENT, y [count].  Grid: count work-items, rounded up.
// Host side: StepMaskKernel.java

#ifndef ELEMENT
#error "step_mask.cl needs ELEMENT (int or float)"
#endif

__kernel void step_mask(const int count, const int width, const float skipped, __global const ELEMENT* restrict x,
                        __global float* restrict y) {
  const int row = get_global_id(0);
  if (row >= count) {
    return;
  }
  float counts = 0.0f;
  for (int k = 0; k < width; ++k) {
    counts = x[(size_t)row * width + k] != skipped ? 1.0f : counts;
  }
  y[row] = counts;
}
