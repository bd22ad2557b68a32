// lstm_persistent.cl: many steps of one layer, both directions at once, or of two stacked layers, in one launch over
// many work-groups. The recurrent weights are read once and stay in registers; work-groups hand each other h after
// each step (exchange.cl).
//   z = xw + h * R  (then as lstm_cell in common.cl), the same order of sums, so the same bits, as lstm_step.cl
// xw, r, peepholes, steps, order, lengths, y, final_h, final_c as in lstm_step.cl; arguments that end in 0 or 1, BOTH
// and STACKED: see parts.cl
// history [slots][B][H]: h before step t in slot t % slots; all but the first that is read UNWRITTEN (exchange.cl)
// ahead   where not 0: each step leaves the slot UNWRITTEN that the one `ahead` steps later writes, in another launch
// c       [B][H]
// failed  [1]: set to 1 if a work-group waited in vain; results are then of no use
// cs      local, slice*U floats: the cells of the group
// Grid (H/U, slices, parts) work-groups of U*P work-items.  A group owns U hidden units of the `slice` sequences
// at places slice*(its slice) and up. All groups of one slice and part must run at the same
// time, unless the launch is of one step.
//   Work-item (u, p): the weights of all four gates of unit u for span p of h, h[p*SPAN..(p+1)*SPAN), in registers. In
//   a round it adds up that span for RB sequences. The spans' sums meet in local memory, where each of the round's U*RB
//   cells has a work-item that adds them to xw, in order, and goes on to h, while others are at the next round.
// Weights are rounded to PRECISION already, h is when it is read (precision.cl).  POLLS, PTX: see exchange.cl.
// FOURS: H is a multiple of four.  UNROLL: arrays stay in registers; processors compile that for too long.
// Nothing may alias.
// Host side: LstmPersistent.java

#if !defined(U) || !defined(P) || !defined(RB) || !defined(POLLS) || !defined(GATE)
#error "lstm_persistent.cl needs U, P, RB, POLLS and what lstm_cell needs"
#endif
#define ITEMS (U * P)
#define QUADS (SPAN / 4)                              // of h in a span
#define PITCH (QUADS + 1)                             // spans begin in different banks
#define LOADS ((RB * P * QUADS + ITEMS - 1) / ITEMS)  // of a work-item for a round
#define CELLS ((U * RB + ITEMS - 1) / ITEMS)          // of a work-item in a round

#include "parts.cl"
#include "precision.cl"
#include "exchange.cl"

// Four numbers of a row of h, as far as it has them.
inline float4 four_of(volatile __global const float* h, const int k, const int hidden) {
#ifdef FOURS
  return as_float4(read_fresh4((volatile __global const int*)(h + k)));
#else
  return (float4)(
      read_fresh(h + k), k + 1 < hidden ? read_fresh(h + k + 1) : 0.0f, k + 2 < hidden ? read_fresh(h + k + 2) : 0.0f,
      k + 3 < hidden ? read_fresh(h + k + 3) : 0.0f);
#endif
}

// The first `loads` of h of the step before for the RB sequences of a round, from place `first` of the slice on
inline void load_h(
    const int item, const int first, const int running, const int hidden, volatile __global const float* h_in,
    const int loads, float4* loaded) {
#ifdef UNROLL
#pragma unroll
#endif
  for (int n = 0; n < LOADS; ++n) {
    const int e = item + n * ITEMS;
    const int i = e / (P * QUADS);
    const int k = 4 * (e - i * (P * QUADS));
    const int j = first + i;
    const int there = n < loads && i < RB && j < running && k < hidden;
    loaded[n] = there ? four_of(h_in + (size_t)j * hidden, k, hidden) : (float4)(0.0f);
  }
}

// Loads them again until all are there, or others have been waited for in vain.
inline void await_h(
    const int item, const int first, const int running, const int hidden, volatile __global const float* h_in,
    const int loads, float4* loaded, volatile __global int* failed, __local int* lost) {
  for (int looks = 1;; ++looks) {
    uint newest = 0;
#ifdef UNROLL
#pragma unroll
#endif
    for (int n = 0; n < LOADS; ++n) {
      const uint4 h = as_uint4(loaded[n]);
      newest = max(newest, max(max(h.x, h.y), max(h.z, h.w)));
    }
    if (newest != (uint)UNWRITTEN) {
      return;
    }
    if (!look_again(looks, failed)) {
      *lost = 1;
      return;
    }
    load_h(item, first, running, hidden, h_in, loads, loaded);
  }
}

inline void keep_h(const int item, const float4* loaded, __local float4* hs) {
#ifdef UNROLL
#pragma unroll
#endif
  for (int n = 0; n < LOADS; ++n) {
    const int e = item + n * ITEMS;
    if (e < RB * P * QUADS) {
      const float4 h = loaded[n];
      hs[e + e / QUADS * (PITCH - QUADS)] = (float4)(rounded(h.x), rounded(h.y), rounded(h.z), rounded(h.w));
    }
  }
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void lstm_persistent(
    const int hidden, const int sequences, const int reversed, const int y_time, const int y_batch,
    const int y_direction, const int h_batch, const int h_direction, const int c_batch, const int c_direction,
    const int first_part, const int slice, const int slots, const int ahead, const int chunk0, const int first_step0,
    const int end_step0, __global const int2* restrict steps, __global const int* restrict order,
    __global const int* restrict lengths, __global const float4* restrict xw0, __global const float4* restrict xw1,
    __global const float4* restrict r0, __global const float4* restrict r1, __global const float* restrict peepholes0,
    __global const float* restrict peepholes1, volatile __global float* history0, volatile __global float* history1,
    __global float* restrict c0, __global float* restrict c1, __global float* restrict y0,
    __global float* restrict final_h0, __global float* restrict final_c0 LAYER_ARGUMENTS, volatile __global int* failed,
    __local float* restrict cs) {
  __local float4 sums[2][P][RB * U];  // of even and odd rounds
  __local float4 hs[RB * P * PITCH];
  __local int lost;  // whether others have been waited for in vain

  const int item = get_local_id(0);
  const int d = PART;
  const int first_step = first_step0 - BEHIND;
  const int first_row = steps[chunk0 - BEHIND].x;  // of xw
  const int j0 = get_group_id(1) * slice;
  const int part = item / U;
  const int u0 = get_group_id(0) * U;
  const size_t slot_size = (size_t)sequences * hidden;
  __global const float4* xw = OF(xw);
  __global const float* peepholes = OF(peepholes);
  volatile __global float* history = OF(history) + (size_t)j0 * hidden;
  __global float* c = OF(c);
  __global float* y = OF_LAYER(y);
  __global float* final_h = OF_LAYER(final_h);
  __global float* final_c = OF_LAYER(final_c);
  const int owned = min(slice, sequences - j0);
  const int end = min(end_step0 - BEHIND, lengths[order[j0]]);

  float4 weights[SPAN];
  {
    __global const float4* r = OF(r);
    const int u = u0 + item - part * U;
#ifdef UNROLL
#pragma unroll
#endif
    for (int k = 0; k < SPAN; ++k) {
      const int row = part * SPAN + k;
      // -0 times +0 leaves every sum as it is, -0 too
      weights[k] = row < hidden && u < hidden ? weight4(r, hidden, row, u) : (float4)(-0.0f);
    }
  }
  for (int e = item; e < owned * U; e += ITEMS) {
    const int j = e / U;
    const int u = u0 + e - j * U;
    cs[e] = u < hidden ? c[(size_t)(j0 + j) * hidden + u] : 0.0f;
  }

  if (item == 0) {
    lost = 0;
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  int in = first_step % slots;
  int met = 1;  // whether the other groups have come so far
  for (int step = first_step; step < end && met; ++step) {
    const int2 now = steps[step];
    const int row0 = now.x - first_row + j0;
    const int running = min(owned, now.y - j0);
    volatile __global const float* h_in = history + in * slot_size;
    const int out = in + 1 < slots ? in + 1 : 0;
    const int later = out + ahead - (out + ahead < slots ? 0 : slots);

    float4 next[CELLS];  // xw of the cells that this work-item will finish, and whose they are
    int sequence[CELLS];
    int length[CELLS];
#ifdef UNROLL
#pragma unroll
#endif
    for (int n = 0; n < CELLS; ++n) {  // while the others finish their step
      const int e = item + n * ITEMS;
      const int j = e / U;
      const int u = u0 + e - j * U;
      next[n] = (float4)(0.0f);
      sequence[n] = 0;
      length[n] = 0;
      if (j < min(RB, running) && u < hidden) {
        next[n] = xw[(size_t)(row0 + j) * hidden + u];
        sequence[n] = order[j0 + j];
        length[n] = lengths[sequence[n]];
      }
    }
    float4 loaded[LOADS];
    if (LOADS > 2) {  // the first to be read are the last to come: looked for by themselves
      load_h(item, 0, running, hidden, h_in, 1, loaded);
      await_h(item, 0, running, hidden, h_in, 1, loaded, failed, &lost);
    }
    load_h(item, 0, running, hidden, h_in, LOADS, loaded);
    await_h(item, 0, running, hidden, h_in, LOADS, loaded, failed, &lost);
    keep_h(item, loaded, hs);
    barrier(CLK_LOCAL_MEM_FENCE);
    met = !lost;
    const int stop = met ? running : 0;
    for (int first = 0; first < stop; first += RB) {
      __local float4(*parts)[RB * U] = sums[first / RB & 1];
      load_h(item, first + RB, running, hidden, h_in, LOADS, loaded);  // is there after the sums
      float4 sum[RB];
#ifdef UNROLL
#pragma unroll
#endif
      for (int s = 0; s < RB; ++s) {
        sum[s] = (float4)(0.0f);
      }
#ifdef UNROLL
#pragma unroll
#endif
      for (int k = 0; k < QUADS; ++k) {
#ifdef UNROLL
#pragma unroll
#endif
        for (int s = 0; s < RB; ++s) {
          const float4 h = hs[(s * P + part) * PITCH + k];
          sum[s] = fma((float4)(h.x), weights[4 * k], sum[s]);
          sum[s] = fma((float4)(h.y), weights[4 * k + 1], sum[s]);
          sum[s] = fma((float4)(h.z), weights[4 * k + 2], sum[s]);
          sum[s] = fma((float4)(h.w), weights[4 * k + 3], sum[s]);
        }
      }
#ifdef UNROLL
#pragma unroll
#endif
      for (int s = 0; s < RB; ++s) {
        parts[part][s * U + item - part * U] = sum[s];
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      await_h(item, first + RB, running, hidden, h_in, LOADS, loaded, failed, &lost);
      keep_h(item, loaded, hs);
      barrier(CLK_LOCAL_MEM_FENCE);

#ifdef UNROLL
#pragma unroll
#endif
      for (int n = 0; n < CELLS; ++n) {
        const int e = item + n * ITEMS;
        const int s = e / U;
        const int j = first + s;
        const int u = u0 + e - s * U;
        if (s < RB && j < running && u < hidden) {
          const int time = reversed >> d & 1 ? length[n] - 1 - step : step;
          float4 z = next[n];
#pragma unroll 4  // more would take the weights' registers
          for (int p = 0; p < P; ++p) {
            z += parts[p][e];
          }
          const CellStep result = lstm_cell(z, cs[first * U + e], peepholes, hidden, u);
          write_fresh(history + out * slot_size + (size_t)j * hidden + u, handed(result.h));
          if (ahead > 0) {
            write_fresh(history + later * slot_size + (size_t)j * hidden + u, as_float(UNWRITTEN));
          }
          cs[first * U + e] = result.c;
          y[d * y_direction + sequence[n] * y_batch + time * y_time + u] = result.h;
          if (step == length[n] - 1) {
            final_h[d * h_direction + sequence[n] * h_batch + u] = result.h;
            final_c[d * c_direction + sequence[n] * c_batch + u] = result.c;
          }
          if (j + RB < running) {
            next[n] = xw[(size_t)(row0 + j + RB) * hidden + u];
            sequence[n] = order[j0 + j + RB];
            length[n] = lengths[sequence[n]];
          }
        }
      }
    }

    barrier(EXCHANGED);
    in = out;
  }

  for (int e = item; e < owned * U; e += ITEMS) {
    const int j = e / U;
    const int u = u0 + e - j * U;
    if (u < hidden) {
      c[(size_t)(j0 + j) * hidden + u] = cs[e];
    }
  }
}
