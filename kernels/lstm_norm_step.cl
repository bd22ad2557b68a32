// lstm_norm_step.cl: one time step of one layer, both directions at once, with layer normalization of the gates
// and of c.
//   z = norm(xw + h_in * R) * gate_scale + gate_shift    c = norm(f*c + i*g) * cell_scale + cell_shift
//   h = o * output(c)    norm(v) = (v - mean) / sqrt(variance + EPSILON) over the hidden units
// Arguments as in lstm_step.cl, with these instead of peepholes:
// norm  [H][4] gate_scale, [H][4] gate_shift, [H] cell_scale, [H] cell_shift
// and xw, without bias, is overwritten. No mask.
// Grid (running sequences, 1, directions) work-groups of L work-items; work-item l owns the units l, l+L, ... Each adds
// up its own, then the partial sums are added in a tree: the same order in every batch.
// Host side: LstmStep.java

#if !defined(L) || !defined(EPSILON) || !defined(GATE)
#error "lstm_norm_step.cl needs L, a power of two, EPSILON, and what lstm_cell needs"
#endif

#define ELEMENT float4
#include "precision.cl"
#include "reduce.cl"

__kernel __attribute__((reqd_work_group_size(L, 1, 1))) void lstm_norm_step(
    const int hidden, const int width, const int reversed, const int y_time, const int y_batch, const int y_direction,
    const int h_batch, const int h_direction, const int c_batch, const int c_direction, const int first_direction,
    const int chunk, const int step, __global const int2* restrict steps, __global const int* restrict order,
    __global const int* restrict lengths, __global float4* restrict xw0, __global float4* restrict xw1,
    __global const float4* restrict r0, __global const float4* restrict r1, __global const float* restrict norm0,
    __global const float* restrict norm1, __global const float* restrict h_in0, __global const float* restrict h_in1,
    __global float* restrict c0, __global float* restrict c1, __global float* restrict h_out0,
    __global float* restrict h_out1, __global float* restrict y, __global float* restrict final_h,
    __global float* restrict final_c
#ifdef TRACE
    , const int trace_rows, const int sequences, __global float* restrict trace0, __global float* restrict trace1
#endif
    ) {
  __local float4 partial[L];
  const int item = get_local_id(0);
  const int j = get_group_id(0);
  const int sequence = order[j];
  const int length = lengths[sequence];
  const int d = first_direction + get_group_id(2);
  const int time = reversed >> d & 1 ? length - 1 - step : step;
  __global const float4* r = d ? r1 : r0;
  __global const float* norm = d ? norm1 : norm0;
  __global const float* h_in = d ? h_in1 : h_in0;
  __global float* c = d ? c1 : c0;
  __global float* h_out = d ? h_out1 : h_out0;
  __global float4* z = (d ? xw1 : xw0) + (size_t)(steps[step].x - steps[chunk].x + j) * hidden;
#ifdef TRACE
  const size_t plane = (size_t)trace_rows * hidden;
  __global float* traced = (d ? trace1 : trace0) + (size_t)(time * sequences + sequence) * hidden;
#endif

  float4 sum = (float4)(0.0f);
  for (int u = item; u < hidden; u += L) {
    float4 pre = z[u];
    for (int k0 = 0; k0 < width; k0 += SPAN) {
      float4 products = (float4)(0.0f);
      for (int k = k0; k < min(width, k0 + SPAN); ++k) {
        products = fma((float4)(rounded(h_in[j * width + k])), weight4(r, hidden, k, u), products);
      }
      pre += products;
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
      final_c[d * c_direction + sequence * c_batch + u] = now;
    }
#ifndef PROJECTED
    y[d * y_direction + sequence * y_batch + time * y_time + u] = h;
    if (step == length - 1) {
      final_h[d * h_direction + sequence * h_batch + u] = h;
    }
#endif
  }
}
