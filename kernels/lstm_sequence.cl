// lstm_sequence.cl: all time steps of one layer, both directions, or many of two stacked layers, in one launch, for
// a hidden size that one work-group can own. No work-group ever waits for another.
//   for each step: z = xw + h * R  (then as lstm_cell in common.cl)
// xw, r, peepholes, steps, order, lengths, y, final_h, final_c as in lstm_step.cl
// Arguments that end in 0 or 1, BOTH and STACKED: see parts.cl.
// h, c [B][H]: read at first_step, written back at end_step; longest sequence first
// hs   local, 2*H*RB floats: h of the group's sequences before and after the step, [H][RB]
// Grid (B/RB, 1, parts) work-groups of L work-items; a group owns RB sequences, work-item l the units l, l+L, ...
// (UNITS of them at most), whose cells stay in registers. A group ends with the longest of its sequences.
// r is rounded to PRECISION already, h when it is kept for the next step (precision.cl).
// UNROLL: loops over sequences are, so that arrays stay in registers; processors compile that for too long.
// Host side: LstmSequence.java

#if !defined(L) || !defined(RB) || !defined(UNITS) || !defined(GATE)
#error "lstm_sequence.cl needs L, RB, UNITS and what lstm_cell needs"
#endif
#include "parts.cl"
#include "precision.cl"

__kernel __attribute__((reqd_work_group_size(L, 1, 1))) void lstm_sequence(
    const int hidden, const int sequences, const int reversed, const int y_time, const int y_batch,
    const int y_direction, const int h_batch, const int h_direction, const int c_batch, const int c_direction,
    const int first_part, const int first_step0, const int end_step0,
    __global const int2* restrict steps, __global const int* restrict order, __global const int* restrict lengths,
    __global const float4* restrict xw0, __global const float4* restrict xw1, __global const float4* restrict r0,
    __global const float4* restrict r1, __global const float* restrict peepholes0,
    __global const float* restrict peepholes1, __global float* restrict h0, __global float* restrict h1,
    __global float* restrict c0, __global float* restrict c1, __global float* restrict y0,
    __global float* restrict final_h0, __global float* restrict final_c0 LAYER_ARGUMENTS, __local float* restrict hs) {
  const int item = get_local_id(0);
  const int j0 = get_group_id(0) * RB;
  const int d = PART;
  const int first_step = first_step0 - BEHIND;
  const int first_row = steps[first_step].x;  // of xw
  __global const float4* xw = OF(xw);
  __global const float4* r = OF(r);
  __global const float* peepholes = OF(peepholes);
  __global float* h = OF(h);
  __global float* c = OF(c);
  __global float* y = OF_LAYER(y);
  __global float* final_h = OF_LAYER(final_h);
  __global float* final_c = OF_LAYER(final_c);

  int sequence[RB];
  int length[RB];
#ifdef UNROLL
#pragma unroll
#endif
  for (int i = 0; i < RB; ++i) {
    sequence[i] = order[min(j0 + i, sequences - 1)];
    length[i] = j0 + i < sequences ? lengths[sequence[i]] : 0;
  }
  float cell[UNITS][RB];
  for (int n = 0; n < UNITS; ++n) {
    const int u = item + n * L;
#ifdef UNROLL
#pragma unroll
#endif
    for (int i = 0; i < RB; ++i) {
      const int place = (j0 + i) * hidden + u;
      const bool there = u < hidden && j0 + i < sequences;
      cell[n][i] = there ? c[place] : 0.0f;
      if (u < hidden) {
        hs[u * RB + i] = there ? rounded(h[place]) : 0.0f;
      }
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  int in = 0;  // the half of hs that holds h of the step before
  const int end = min(end_step0 - BEHIND, length[0]);
  for (int step = first_step; step < end; ++step) {
    const int row0 = steps[step].x - first_row + j0;
    const int out = hidden * RB - in;
    for (int n = 0; n < UNITS; ++n) {
      const int u = item + n * L;
      if (u < hidden) {
        float4 z[RB];
#ifdef UNROLL
#pragma unroll
#endif
        for (int i = 0; i < RB; ++i) {
          z[i] = step < length[i] ? xw[(size_t)(row0 + i) * hidden + u] : (float4)(0.0f);
        }
        for (int k0 = 0; k0 < hidden; k0 += SPAN) {
          float4 sums[RB];
#ifdef UNROLL
#pragma unroll
#endif
          for (int i = 0; i < RB; ++i) {
            sums[i] = (float4)(0.0f);
          }
          const int end_k = min(hidden, k0 + SPAN);
          for (int k = k0; k < end_k; ++k) {
            const float4 weights = weight4(r, hidden, k, u);
#ifdef UNROLL
#pragma unroll
#endif
            for (int i = 0; i < RB; ++i) {
              sums[i] = fma((float4)(hs[in + k * RB + i]), weights, sums[i]);
            }
          }
#ifdef UNROLL
#pragma unroll
#endif
          for (int i = 0; i < RB; ++i) {
            z[i] += sums[i];
          }
        }
#ifdef UNROLL
#pragma unroll
#endif
        for (int i = 0; i < RB; ++i) {
          const CellStep result = lstm_cell(z[i], cell[n][i], peepholes, hidden, u);
          const bool runs = step < length[i];
          cell[n][i] = runs ? result.c : cell[n][i];
          hs[out + u * RB + i] = rounded(result.h);
          if (runs) {
            const int time = reversed >> d & 1 ? length[i] - 1 - step : step;
            y[d * y_direction + sequence[i] * y_batch + time * y_time + u] = result.h;
            if (step == length[i] - 1) {
              final_h[d * h_direction + sequence[i] * h_batch + u] = result.h;
              final_c[d * c_direction + sequence[i] * c_batch + u] = result.c;
            }
          }
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    in = out;
  }

  for (int n = 0; n < UNITS; ++n) {
    const int u = item + n * L;
#ifdef UNROLL
#pragma unroll
#endif
    for (int i = 0; i < RB; ++i) {
      if (u < hidden && j0 + i < sequences) {
        h[(j0 + i) * hidden + u] = hs[in + u * RB + i];
        c[(j0 + i) * hidden + u] = cell[n][i];
      }
    }
  }
}
