// lstm_matrix_step.cl: lstm_step.cl on matrix units: one time step of one layer or two, for rounded products, with the
// sums of lstm_matrix.cl and so its bits: xw first, then SLICES partial sums in ascending order.
// Arguments as in lstm_step.cl but for
//   sequences    B, in place of the width of h
//   r            [H/8][BLOCKS][4][32] words, four each (MatrixWeights.java): for 8 units and 16 words of h the
//                fragments a of precision.cl: two steps of 8 words, of each gates i and f, then g and o
//   h_in, h_out  [B, rounded up to whole tiles][16*BLOCKS] words of h, 0 from H on
// BLOCKS = SLICES*PW blocks of 16 words; a slice has PW.
// Grid (H/(8*WARPS), B/(8*NT), parts) work-groups of 32*WARPS work-items; each 32-wide slice of a group makes 8
// units of all 8*NT sequences, and lane 4*g + t all four gates of unit g and sequences 2t, 2t+1 of each eight.
// KB blocks of h are in local memory at a time, while the next are on their way to registers; weights go from global
// memory to registers, AHEAD blocks before they are used.
// h_out must not alias h_in; c is updated in place.
// Host side: LstmMatrixStep.java

#if !defined(SLICES) || !defined(PW) || !defined(WARPS) || !defined(NT) || !defined(PRECISION) || !defined(GATE)
#error "lstm_matrix_step.cl needs SLICES, PW, WARPS, NT, PRECISION (not 0) and what lstm_cell needs"
#endif
#define ITEMS (32 * WARPS)
#define BLOCKS (SLICES * PW)
#define KB (BLOCKS % 4 == 0 ? 4 : 2)
#define AHEAD (NT > 4 ? 1 : NT > 1 ? 2 : KB)
#define ROW (KB * 4 + 4)  // int4s of a sequence in local memory: 16 words more, against bank conflicts
#define LOADS ((8 * NT * KB * 4 + ITEMS - 1) / ITEMS)
#ifdef PTX
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("unroll 1")  // what stands in for mma is long, and holds barriers
#endif
#define MATRIX
#include "parts.cl"
#include "precision.cl"

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void lstm_matrix_step(
    const int hidden, const int sequences, const int reversed, const int y_time, const int y_batch,
    const int y_direction, const int h_batch, const int h_direction, const int c_batch, const int c_direction,
    const int first_part, const int chunk0, const int step0, __global const int2* restrict steps,
    __global const int* restrict order, __global const int* restrict lengths, __global const float4* restrict xw0,
    __global const float4* restrict xw1, __global const int4* restrict r0, __global const int4* restrict r1,
    __global const float* restrict peepholes0, __global const float* restrict peepholes1,
    __global const int4* restrict h_in0, __global const int4* restrict h_in1, __global float* restrict c0,
    __global float* restrict c1, __global Word* restrict h_out0, __global Word* restrict h_out1,
    __global float* restrict y0, __global float* restrict final_h0, __global float* restrict final_c0 LAYER_ARGUMENTS
#ifdef TRACE
    , const int trace_rows, __global float* restrict trace0, __global float* restrict trace1
#endif
    ) {
  __local int4 hs[8 * NT][ROW];
  __local int box[BOX_WORDS];

  const int item = get_local_id(0);
  const int warp = item / 32;
  const int lane = item - 32 * warp;
  const int g = lane / 4;
  const int t = lane - 4 * g;
  const int group8 = get_group_id(0) * WARPS + warp;
  const int u = group8 * 8 + g;
  const int j0 = get_group_id(1) * 8 * NT;
  const int d = PART;
  const int step = step0 - BEHIND;
  __global const float4* xw = OF(xw);
  __global const int4* r = OF(r);
  __global const int4* h_in = OF(h_in);
  const int2 now = steps[step];
  const int row0 = now.x - steps[chunk0 - BEHIND].x;
  const int running = now.y;
  const bool there = group8 * 8 < hidden;  // the last group may have slices past the last unit
  const size_t first_weight = (size_t)(there ? group8 : 0) * BLOCKS * 4 * 32 + lane;

  float4 z[NT][2];
  float4 upper[NT];
  float4 lower[NT];
  UNROLL
  for (int n = 0; n < NT; ++n) {
    upper[n] = (float4)(0.0f);
    lower[n] = (float4)(0.0f);
    UNROLL
    for (int p = 0; p < 2; ++p) {
      const int j = j0 + 8 * n + 2 * t + p;
      z[n][p] = u < hidden && j < running ? xw[(size_t)(row0 + j) * hidden + u] : (float4)(0.0f);
    }
  }

  int4 weights[AHEAD][4];
  UNROLL
  for (int k = 0; k < AHEAD; ++k) {
    UNROLL
    for (int q = 0; q < 4; ++q) {
      weights[k][q] = r[first_weight + (k * 4 + q) * 32];
    }
  }

  int4 h_ahead[LOADS];
  for (int b0 = -KB; b0 < BLOCKS; b0 += KB) {
    UNROLL
    for (int l = 0; l < LOADS; ++l) {
      const int e = item + l * ITEMS;
      const int j = e / (KB * 4);
      if (e < 8 * NT * KB * 4 && b0 + KB < BLOCKS) {
        h_ahead[l] = h_in[(size_t)(j0 + j) * (BLOCKS * 4) + (b0 + KB) * 4 + e - j * KB * 4];
      }
    }
    if (b0 >= 0) {
      UNROLL
      for (int k = 0; k < KB; ++k) {
        int4 now4[4];
        UNROLL
        for (int q = 0; q < 4; ++q) {
          now4[q] = weights[k % AHEAD][q];
        }
        const int later = min(b0 + k + AHEAD, BLOCKS - 1);
        UNROLL
        for (int q = 0; q < 4; ++q) {
          weights[k % AHEAD][q] = r[first_weight + (later * 4 + q) * 32];
        }
        UNROLL
        for (int n = 0; n < NT; ++n) {
          // volatile, so that it stays one load: compilers make two of it, which wait for each other's banks
          const int4 h = *(volatile __local const int4*)&hs[8 * n + g][4 * k + t];
          upper[n] = mma(now4[0], h.xy, upper[n], box);
          lower[n] = mma(now4[1], h.xy, lower[n], box);
          upper[n] = mma(now4[2], h.zw, upper[n], box);
          lower[n] = mma(now4[3], h.zw, lower[n], box);
        }
        if ((b0 + k + 1) % PW == 0) {
          UNROLL
          for (int n = 0; n < NT; ++n) {
            z[n][0] += (float4)(upper[n].x, upper[n].z, lower[n].x, lower[n].z);
            z[n][1] += (float4)(upper[n].y, upper[n].w, lower[n].y, lower[n].w);
            upper[n] = (float4)(0.0f);
            lower[n] = (float4)(0.0f);
          }
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    UNROLL
    for (int l = 0; l < LOADS; ++l) {
      const int e = item + l * ITEMS;
      const int j = e / (KB * 4);
      if (e < 8 * NT * KB * 4 && b0 + KB < BLOCKS) {
        hs[j][e - j * KB * 4] = h_ahead[l];
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

  // not before the sums, which need the registers
  __global const float* peepholes = OF(peepholes);
  __global float* c = OF(c);
  __global Word* h_out = OF(h_out);
  __global float* y = OF_LAYER(y);
  __global float* final_h = OF_LAYER(final_h);
  __global float* final_c = OF_LAYER(final_c);
#ifdef TRACE
  __global float* trace = OF(trace);
#endif
  UNROLL
  for (int n = 0; n < NT; ++n) {
    UNROLL
    for (int p = 0; p < 2; ++p) {
      const int j = j0 + 8 * n + 2 * t + p;
      if (there && u < hidden && j < running) {
        const CellStep result = lstm_cell(z[n][p], c[j * hidden + u], peepholes, hidden, u);
        const int sequence = order[j];
        const int length = lengths[sequence];
        const int time = reversed >> d & 1 ? length - 1 - step : step;
#ifdef TRACE
        const size_t plane = (size_t)trace_rows * hidden;
        const size_t place = (size_t)(time * sequences + sequence) * hidden + u;
        trace[place] = result.i;
        trace[plane + place] = result.f;
        trace[2 * plane + place] = result.g;
        trace[3 * plane + place] = result.o;
        trace[4 * plane + place] = result.c;
#endif
        c[j * hidden + u] = result.c;
        h_out[(size_t)j * (16 * BLOCKS * VALUES) + u] = (Word)word_of(result.h, 0.0f);
        y[d * y_direction + sequence * y_batch + time * y_time + u] = result.h;
        if (step == length - 1) {
          final_h[d * h_direction + sequence * h_batch + u] = result.h;
          final_c[d * c_direction + sequence * c_batch + u] = result.c;
        }
      }
    }
  }
}
