// lstm_step.cl: one time step of one layer and direction; recurrent product, gates, cell and hidden update fused.
//   z = xw + h_in * R  (then peepholes, then clip)   c = f*c + i*g   h = o * output(c)
// xw    [rows][H][4]  gates i,f,g,o innermost; this step's rows begin at steps[step].x - first_row, ordered like h
// r     [P][H][4]     recurrent weights, see precision.cl;  P = H unless PROJECTED
// peepholes [3][H]    for i, f, o (PEEPHOLES)
// h_in, h_out [B][P], c [B][H]: the sequence at place j, longest first; steps[step].y of them are still running
// y     this sequence's features at y_offset + order[j]*y_batch + t*y_time,  t = step, or length-1-step if reverse
// final_h, final_c    at *_offset + order[j]*batch, written at a sequence's last step
// PROJECTED: o * output(c) goes to h_out [B][H] alone; lstm_project.cl does the rest.
// MASKED: where mask[sequence*mask_batch + time*mask_time] is 0, c and h stay and y is that of the step before, 0 at
// the first.
// TRACE: i, f, g, o and c of each step that is not masked also go to trace [5][trace_rows = T*B][H], row
// t*B + sequence.
// Grid (H/TU, B/TB) work-groups of TU x LB work-items, each RB sequences of one hidden unit; TB = LB*RB.
// r is rounded to PRECISION already, h when it is read (precision.cl).
// h_out must not alias h_in; c is updated in place.
// Host side: LstmStep.java

#if !defined(TU) || !defined(LB) || !defined(RB) || !defined(TK) || !defined(GATE)
#error "lstm_step.cl needs TU, LB, RB, TK and what lstm_cell needs"
#endif
#define TB (LB * RB)
#include "precision.cl"

__kernel __attribute__((reqd_work_group_size(TU, LB, 1))) void lstm_step(
    const int hidden, const int width, const int reverse, const int y_time, const int y_batch, const int y_offset,
    const int h_batch, const int h_offset, const int c_batch, const int c_offset, const int first_row, const int step,
    __global const int2* restrict steps, __global const int* restrict order, __global const int* restrict lengths,
    __global const float4* restrict xw, __global const float4* restrict r, __global const float* restrict peepholes,
    __global const float* restrict h_in, __global float* restrict c, __global float* restrict h_out,
    __global float* restrict y, __global float* restrict final_h, __global float* restrict final_c
#ifdef MASKED
    , const int mask_time, const int mask_batch, __global const float* restrict mask
#endif
#ifdef TRACE
    , const int trace_rows, const int sequences, __global float* restrict trace
#endif
    ) {
  __local float hs[TK][TB + 1];  // one column more, against bank conflicts while it is filled
  __local float4 rs[TK][TU];

  const int lu = get_local_id(0);
  const int lb = get_local_id(1);
  const int item = lb * TU + lu;
  const int u0 = get_group_id(0) * TU;
  const int j0 = get_group_id(1) * TB;
  const int u = u0 + lu;
  const int2 now = steps[step];
  const int row0 = now.x - first_row;
  const int running = now.y;

  float4 z[RB];
  for (int i = 0; i < RB; ++i) {
    const int j = j0 + lb + i * LB;
    z[i] = u < hidden && j < running ? xw[(size_t)(row0 + j) * hidden + u] : (float4)(0.0f);
  }

  for (int k0 = 0; k0 < width; k0 += TK) {
    const int depth = min(TK, width - k0);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = item; e < TB * TK; e += TU * LB) {
      const int i = e / TK;
      const int j = j0 + i;
      const int k = e - i * TK;
      hs[k][i] = j < running && k < depth ? rounded(h_in[j * width + k0 + k]) : 0.0f;
    }
    for (int e = item; e < TK * TU; e += TU * LB) {
      const int k = e / TU;
      const int i = e - k * TU;
      const int v = u0 + i;
      rs[k][i] = k < depth && v < hidden ? weight4(r, hidden, k0 + k, v) : (float4)(0.0f);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < depth; ++k) {
      const float4 weights = rs[k][lu];
      for (int i = 0; i < RB; ++i) {
        z[i] = fma((float4)(hs[k][lb + i * LB]), weights, z[i]);
      }
    }
  }

  for (int i = 0; i < RB; ++i) {
    const int j = j0 + lb + i * LB;
    if (u < hidden && j < running) {
      const int sequence = order[j];
      const int length = lengths[sequence];
      const float old = c[j * hidden + u];
      CellStep result = lstm_cell(z[i], old, peepholes, hidden, u);
      const int time = reverse ? length - 1 - step : step;
#ifdef MASKED
      const bool counts = mask[sequence * mask_batch + time * mask_time] != 0.0f;
#else
      const bool counts = true;
#endif
#ifdef TRACE
      if (counts) {
        const size_t plane = (size_t)trace_rows * hidden;
        const size_t place = (size_t)(time * sequences + sequence) * hidden + u;
        trace[place] = result.i;
        trace[plane + place] = result.f;
        trace[2 * plane + place] = result.g;
        trace[3 * plane + place] = result.o;
        trace[4 * plane + place] = result.c;
      }
#endif
      const int y_place = y_offset + sequence * y_batch + time * y_time + u;
      float shown = result.h;
      if (!counts) {
        result.c = old;
        result.h = h_in[j * hidden + u];
        shown = step == 0 ? 0.0f : y[reverse ? y_place + y_time : y_place - y_time];
      }
      c[j * hidden + u] = result.c;
      h_out[j * hidden + u] = result.h;
      if (step == length - 1) {
        final_c[c_offset + sequence * c_batch + u] = result.c;
      }
#ifndef PROJECTED
      y[y_place] = shown;
      if (step == length - 1) {
        final_h[h_offset + sequence * h_batch + u] = result.h;
      }
#endif
    }
  }
}
