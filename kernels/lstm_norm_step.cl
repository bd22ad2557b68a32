// lstm_norm_step.cl: one time step of one layer and direction with layer normalization of the gates and of c.
//   z = norm(xw + h_in * R) * gate_scale + gate_shift    c = norm(f*c + i*g) * cell_scale + cell_shift
//   h = o * output(c)    norm(v) = (v - mean) / sqrt(variance + EPSILON) over the hidden units
// Arguments as in lstm_step.cl, with these instead of peepholes:
// norm  [H][4] gate_scale, [H][4] gate_shift, [H] cell_scale, [H] cell_shift
// and xw, without bias, is overwritten. No mask.
// Grid: one work-group of L work-items for each running sequence; work-item l owns the units l, l+L, ... Each adds up
// its own, then the partial sums are added in a tree: the same order in every batch.
// Host side: LstmStep.java

#if !defined(L) || !defined(EPSILON) || !defined(GATE)
#error "lstm_norm_step.cl needs L, a power of two, EPSILON, and what lstm_cell needs"
#endif

#define ELEMENT float4
#include "precision.cl"
#include "reduce.cl"

__kernel __attribute__((reqd_work_group_size(L, 1, 1))) void lstm_norm_step(
    const int hidden, const int width, const int reverse, const int y_time, const int y_batch, const int y_offset,
    const int h_batch, const int h_offset, const int c_batch, const int c_offset, const int first_row, const int step,
    __global const int2* restrict steps, __global const int* restrict order, __global const int* restrict lengths,
    __global float4* restrict xw, __global const float4* restrict r, __global const float* restrict norm,
    __global const float* restrict h_in, __global float* restrict c, __global float* restrict h_out,
    __global float* restrict y, __global float* restrict final_h, __global float* restrict final_c
#ifdef TRACE
    , const int trace_rows, const int sequences, __global float* restrict trace
#endif
    ) {
  __local float4 partial[L];
  const int item = get_local_id(0);
  const int j = get_group_id(0);
  const int sequence = order[j];
  const int length = lengths[sequence];
  const int time = reverse ? length - 1 - step : step;
  __global float4* z = xw + (size_t)(steps[step].x - first_row + j) * hidden;
#ifdef TRACE
  const size_t plane = (size_t)trace_rows * hidden;
  __global float* traced = trace + (size_t)(time * sequences + sequence) * hidden;
#endif

  float4 sum = (float4)(0.0f);
  for (int u = item; u < hidden; u += L) {
    float4 pre = z[u];
    for (int k = 0; k < width; ++k) {
      pre = fma((float4)(rounded(h_in[j * width + k])), weight4(r, hidden, k, u), pre);
    }
    z[u] = pre;
    sum += pre;
  }
  const float4 mean = group_sum(partial, sum) / (float)hidden;
  float4 squares = (float4)(0.0f);
  for (int u = item; u < hidden; u += L) {
    const float4 centred = z[u] - mean;
    squares = fma(centred, centred, squares);
  }
  const float4 deviation = sqrt(group_sum(partial, squares) / (float)hidden + EPSILON);

  float4 cell_sum = (float4)(0.0f);
  for (int u = item; u < hidden; u += L) {
    const float4 scale = vload4(u, norm);
    const float4 shift = vload4(hidden + u, norm);
    const float4 pre = fma((z[u] - mean) / deviation, scale, shift);
    const float i = APPLY(GATE, pre.x);
#ifdef COUPLED
    const float f = 1.0f - i;
#else
    const float f = APPLY(GATE, pre.y);
#endif
    const float g = APPLY(CANDIDATE, pre.z);
    const float now = fma(f, c[j * hidden + u], i * g);
    c[j * hidden + u] = now;
    z[u].w = APPLY(GATE, pre.w);
#ifdef TRACE
    traced[u] = i;
    traced[plane + u] = f;
    traced[2 * plane + u] = g;
    traced[3 * plane + u] = z[u].w;
#endif
    cell_sum.x += now;
  }
  const float cell_mean = group_sum(partial, cell_sum).x / hidden;
  float4 cell_squares = (float4)(0.0f);
  for (int u = item; u < hidden; u += L) {
    const float centred = c[j * hidden + u] - cell_mean;
    cell_squares.x = fma(centred, centred, cell_squares.x);
  }
  const float cell_deviation = sqrt(group_sum(partial, cell_squares).x / hidden + EPSILON);

  for (int u = item; u < hidden; u += L) {
    const float scaled = (c[j * hidden + u] - cell_mean) / cell_deviation;
    const float now = fma(scaled, norm[8 * hidden + u], norm[9 * hidden + u]);
    const float h = z[u].w * APPLY(OUTPUT, now);
    c[j * hidden + u] = now;
    h_out[j * hidden + u] = h;
#ifdef TRACE
    traced[4 * plane + u] = now;
#endif
    if (step == length - 1) {
      final_c[c_offset + sequence * c_batch + u] = now;
    }
#ifndef PROJECTED
    y[y_offset + sequence * y_batch + time * y_time + u] = h;
    if (step == length - 1) {
      final_h[h_offset + sequence * h_batch + u] = h;
    }
#endif
  }
}
