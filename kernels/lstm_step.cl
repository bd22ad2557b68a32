// lstm_step.cl: one time step of one layer, both directions at once, or of two stacked layers; recurrent product,
// gates, cell and hidden update fused.
//   z = xw + h_in * R  (then peepholes, then clip)   c = f*c + i*g   h = o * output(c)
// Arguments that end in 0 or 1, BOTH and STACKED: see parts.cl. Part d is at step = step0 - BEHIND.
// xw    [rows][H][4]  gates i,f,g,o innermost, of steps chunk0 - BEHIND and up; row steps[s].x + j, less the row that
//       it begins with, is of step s and place j
// r     [P][H][4]     recurrent weights, see precision.cl;  P = H unless PROJECTED
// peepholes [3][H]    for i, f, o (PEEPHOLES)
// h_in, h_out [B][P], c [B][H]: the sequence at place j, longest first; steps[step].y of them are still running
// y     this sequence's features at d*y_direction + order[j]*y_batch + t*y_time,  t = step, or length-1-step where
//       reversed has bit d
// final_h, final_c    at d*direction + order[j]*batch, written at a sequence's last step
// PROJECTED: o * output(c) goes to h_out [B][H] alone; lstm_project.cl does the rest.
// MASKED: where mask[sequence*mask_batch + time*mask_time] is 0, c and h stay and y is that of the step before, 0 at
// the first.
// TRACE: i, f, g, o and c of each step that is not masked also go to trace [5][trace_rows = T*B][H], row
// t*B + sequence.
// Grid (H/TU, B/TB, parts) work-groups of TU x LB work-items, each RB neighbouring sequences of one
// hidden unit; TB = LB*RB.
// TK terms of the sum are in local memory at a time; while they are added up, the next are on their way to registers.
// r is rounded to PRECISION already, h when it is read (precision.cl).  FOURS, where P is a multiple of four: see
// terms.cl; TK is then one, too.
// h_out must not alias h_in; c is updated in place.
// Host side: LstmStep.java

#if !defined(TU) || !defined(LB) || !defined(RB) || !defined(TK) || !defined(GATE)
#error "lstm_step.cl needs TU, LB, RB, TK and what lstm_cell needs"
#endif
#if TK % SPAN != 0 && SPAN % TK != 0
#error "TK is a part of SPAN or a multiple"
#endif
#define TB (LB * RB)
#define ITEMS (TU * LB)
#define STRIDE (TK < SPAN ? TK : SPAN)
// Neighbouring items make the same unit, and the next but one the same sequences: then NVIDIA's local memory answers a
// float4 of each of 32 items in two turns instead of four.
#define PAIR (LB % 2 == 0 ? 2 : 1)
#define H_LOADS ((TB * ROW + ITEMS - 1) / ITEMS)
#define R_LOADS ((TK * TU + ITEMS - 1) / ITEMS)
#include "parts.cl"
#include "precision.cl"
#include "terms.cl"
#define ROW (TK / TERMS)
#define ALONG (ROW < 8 ? ROW : 8)  // neighbouring items that fetch neighbouring terms of one sequence
// Where the sequence that is c-th of the group lies in row k of hs: turned, so that the terms that 32 items keep at
// once go to 32 banks.
#if TB % 4 == 0
#define COLUMN(k, c) (((uint)(c) + (uint)(k) / 8 * (TK < 32 ? 8 : 4)) % TB)
#else
#define COLUMN(k, c) (c)
#endif

__kernel __attribute__((reqd_work_group_size(TU, LB, 1))) void lstm_step(
    const int hidden, const int width, const int reversed, const int y_time, const int y_batch, const int y_direction,
    const int h_batch, const int h_direction, const int c_batch, const int c_direction, const int first_part,
    const int chunk0, const int step0, __global const int2* restrict steps, __global const int* restrict order,
    __global const int* restrict lengths, __global const float4* restrict xw0, __global const float4* restrict xw1,
    __global const float4* restrict r0, __global const float4* restrict r1, __global const float* restrict peepholes0,
    __global const float* restrict peepholes1, __global const float* restrict h_in0,
    __global const float* restrict h_in1, __global float* restrict c0, __global float* restrict c1,
    __global float* restrict h_out0, __global float* restrict h_out1, __global float* restrict y0,
    __global float* restrict final_h0, __global float* restrict final_c0 LAYER_ARGUMENTS
#ifdef MASKED
    , const int mask_time, const int mask_batch, __global const float* restrict mask
#endif
#ifdef TRACE
    , const int trace_rows, const int sequences, __global float* restrict trace0, __global float* restrict trace1
#endif
    ) {
  // rows are four longer, against bank conflicts while they are filled; still whole float4s where TB is of such
  __local float hs[TK][TB + 4] __attribute__((aligned(16)));
  __local float4 rs[TK][TU];

  const uint item = get_local_id(1) * TU + get_local_id(0);
  const int lu = item / PAIR % TU;
  const int lb = item / (PAIR * TU) * PAIR + item % PAIR;
  const int u0 = get_group_id(0) * TU;
  const int j0 = get_group_id(1) * TB;
  const int u = u0 + lu;
  const int d = PART;
  const int step = step0 - BEHIND;
  __global const float4* xw = OF(xw);
  __global const float4* r = OF(r);
  __global const float* h_in = OF(h_in);
  const int2 now = steps[step];
  const int row0 = now.x - steps[chunk0 - BEHIND].x;
  const int running = now.y;

  float4 z[RB];
  float4 sums[RB];  // of the span that has been begun
#pragma unroll
  for (int i = 0; i < RB; ++i) {
    const int j = j0 + lb * RB + i;
    sums[i] = (float4)(0.0f);
    z[i] = u < hidden && j < running ? xw[(size_t)(row0 + j) * hidden + u] : (float4)(0.0f);
  }

  Terms h_ahead[H_LOADS];
  float4 r_ahead[R_LOADS];
  for (int k0 = -TK; k0 < width; k0 += TK) {
    const int next = k0 + TK;
#pragma unroll
    for (int n = 0; n < H_LOADS; ++n) {
      const uint e = item + n * ITEMS;
      const int i = e / ALONG % TB;
      const int j = j0 + i;
      const int k = next + TERMS * (e / (ALONG * TB) * ALONG + e % ALONG);
      h_ahead[n] =
          e < TB * ROW && j < running && k < width ? *(__global const Terms*)(h_in + j * width + k) : (Terms)(0.0f);
    }
#pragma unroll
    for (int n = 0; n < R_LOADS; ++n) {
      const uint e = item + n * ITEMS;
      const int row = e / TU;
      const int k = next + row;
      const int v = u0 + e - row * TU;
      // past the width -0 times the +0 of h, which leaves every sum as it is, -0 too
      r_ahead[n] = e < TK * TU && k < width && v < hidden ? weight4(r, hidden, k, v) : (float4)(-0.0f);
    }
    // in a small batch all of a 32-wide slice may have none
    const bool works = k0 >= 0 && j0 + lb * RB < running;
    for (int first = 0; works && first < TK && k0 + first < width; first += STRIDE) {
#pragma unroll 4
      for (int k = first; k < first + STRIDE; ++k) {
        const float4 weights = rs[k][lu];
#if RB % 4 == 0
#pragma unroll
        for (int i = 0; i < RB; i += 4) {
          const float4 h = *(__local const float4*)&hs[k][COLUMN(k, lb * RB + i)];
          sums[i] = fma((float4)(h.x), weights, sums[i]);
          sums[i + 1] = fma((float4)(h.y), weights, sums[i + 1]);
          sums[i + 2] = fma((float4)(h.z), weights, sums[i + 2]);
          sums[i + 3] = fma((float4)(h.w), weights, sums[i + 3]);
        }
#else
#pragma unroll
        for (int i = 0; i < RB; ++i) {
          sums[i] = fma((float4)(hs[k][COLUMN(k, lb * RB + i)]), weights, sums[i]);
        }
#endif
      }
      if (TK >= SPAN || next % SPAN == 0 || next >= width) {
#pragma unroll
        for (int i = 0; i < RB; ++i) {
          z[i] += sums[i];
          sums[i] = (float4)(0.0f);
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int n = 0; n < H_LOADS; ++n) {
      const uint e = item + n * ITEMS;
      if (e < TB * ROW) {
        const int k = TERMS * (e / (ALONG * TB) * ALONG + e % ALONG);
        keep_terms(h_ahead[n], &hs[k][COLUMN(k, e / ALONG % TB)], TB + 4);
      }
    }
#pragma unroll
    for (int n = 0; n < R_LOADS; ++n) {
      const uint e = item + n * ITEMS;
      if (e < TK * TU) {
        const int row = e / TU;
        rs[row][e - row * TU] = r_ahead[n];
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  // not before the sum, which needs the registers
  __global const float* peepholes = OF(peepholes);
  __global float* c = OF(c);
  __global float* h_out = OF(h_out);
  __global float* y = OF_LAYER(y);
  __global float* final_h = OF_LAYER(final_h);
  __global float* final_c = OF_LAYER(final_c);
#ifdef TRACE
  __global float* trace = OF(trace);
#endif
#ifdef UNROLL  // so that z stays in registers; processors compile that for too long
#pragma unroll
#endif
  for (int i = 0; i < RB; ++i) {
    const int j = j0 + lb * RB + i;
    if (u < hidden && j < running) {
      const int sequence = order[j];
      const int length = lengths[sequence];
      const float old = c[j * hidden + u];
      CellStep result = lstm_cell(z[i], old, peepholes, hidden, u);
      const bool reverse = reversed >> d & 1;
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
      const int y_place = d * y_direction + sequence * y_batch + time * y_time + u;
      float shown = result.h;
      if (!counts) {
        result.c = old;
        result.h = h_in[j * hidden + u];
        shown = step == 0 ? 0.0f : y[reverse ? y_place + y_time : y_place - y_time];
      }
      c[j * hidden + u] = result.c;
      h_out[j * hidden + u] = result.h;
      if (step == length - 1) {
        final_c[d * c_direction + sequence * c_batch + u] = result.c;
      }
#ifndef PROJECTED
      y[y_place] = shown;
      if (step == length - 1) {
        final_h[d * h_direction + sequence * h_batch + u] = result.h;
      }
#endif
    }
  }
}
