// lstm_persistent.cl: many steps of one layer, both directions at once, or of two stacked layers, in one launch over
// many work-groups. The recurrent weights are read once and stay in registers; work-groups wait
// for each other between steps.
//   z = xw + h * R  (then as lstm_cell in common.cl), the same order of sums, so the same bits, as lstm_step.cl
// xw, r, peepholes, steps, order, lengths, y, final_h, final_c as in lstm_step.cl; arguments that end in 0 or 1, BOTH
// and STACKED: see parts.cl
// even_h, odd_h [B][H]: what even and odd steps read as h of the step before; the others write it.  c [B][H]
// arrived [parts][slices]: work-groups that have finished a step, summed over steps; 0 before and after a launch
// failed [1]: set to 1 if a work-group waited in vain; results are then of no use
// cs   local, slice*U floats: the cells of the group
// Grid (H/U, slices, parts) work-groups of U*(P+RB) work-items.  A group owns U hidden units of the `slice` sequences
// at places slice*(its slice) and up. All groups of one slice and part must run at the same
// time, unless the launch is of one step.
//   Work-item (u, p), p < P: the weights of all four gates of unit u for h[p*KC..(p+1)*KC), in registers. In tick t of
//   a step it continues the sums of RB sequences, those of chunk t - p, and hands them to (u, p+1) through zs: a
//   pipeline, since a sum that is to keep its order cannot be split.
//   The last U*RB work-items feed xw in at one end, and compute cells and write h at the other.
// Weights are rounded to PRECISION already, h is when it is read (precision.cl).  POLLS, PTX: see exchange.cl.
// Nothing may alias.
// Host side: LstmPersistent.java

#if !defined(U) || !defined(P) || !defined(KC) || !defined(RB) || !defined(POLLS) || !defined(GATE)
#error "lstm_persistent.cl needs U, P, KC (a multiple of 4), RB, POLLS and what lstm_cell needs"
#endif
#define ITEMS (U * (P + RB))
#define LOADS ((RB * P * KC + ITEMS - 1) / ITEMS)

#include "parts.cl"
#include "precision.cl"
#include "exchange.cl"

// h of the step before for the RB sequences that each part works on in a tick
inline void load_h(
    const int item, const int tick, const int chunks, const int j0, const int running, const int hidden,
    volatile __global const float* h_in, float* loaded) {
#pragma unroll
  for (int n = 0; n < LOADS; ++n) {
    const int e = item + n * ITEMS;
    const int i = e / (P * KC);
    const int k = e - i * (P * KC);
    const int chunk = tick - k / KC;
    const int j = chunk * RB + i;
    loaded[n] =
        i < RB && chunk >= 0 && j < running && k < hidden ? rounded(read_fresh(h_in + (size_t)(j0 + j) * hidden + k)) : 0.0f;
  }
}

inline void keep_h(const int item, const float* loaded, __local float* hs) {
#pragma unroll
  for (int n = 0; n < LOADS; ++n) {
    const int e = item + n * ITEMS;
    if (e < RB * P * KC) {
      hs[e] = loaded[n];
    }
  }
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void lstm_persistent(
    const int hidden, const int sequences, const int reversed, const int y_time, const int y_batch,
    const int y_direction, const int h_batch, const int h_direction, const int c_batch, const int c_direction,
    const int first_part, const int slice, const int chunk0, const int first_step0, const int end_step0,
    __global const int2* restrict steps, __global const int* restrict order,
    __global const int* restrict lengths, __global const float4* restrict xw0, __global const float4* restrict xw1,
    __global const float4* restrict r0, __global const float4* restrict r1, __global const float* restrict peepholes0,
    __global const float* restrict peepholes1, volatile __global float* even_h0, volatile __global float* even_h1,
    volatile __global float* odd_h0, volatile __global float* odd_h1, __global float* restrict c0,
    __global float* restrict c1, __global float* restrict y0, __global float* restrict final_h0,
    __global float* restrict final_c0 LAYER_ARGUMENTS, volatile __global int* arrived, volatile __global int* failed,
    __local float* restrict cs) {
  __local float4 zs[2][P + 1][RB][U];  // sums on their way from part to part; a half for even and odd ticks each
  __local float4 hs4[2][RB * P * KC / 4];
  __local int go;

  const int item = get_local_id(0);
  const int d = PART;
  const int first_step = first_step0 - BEHIND;
  const int first_row = steps[chunk0 - BEHIND].x;  // of xw
  const int j0 = get_group_id(1) * slice;
  const int edge = item - U * P;  // from 0 on: feeds and finishes
  const int part = item / U;
  const int lu = item - part * U;
  const int i = part - P;
  const int u = get_group_id(0) * U + lu;
  const int groups = get_num_groups(0);
  volatile __global int* counter = arrived + get_group_id(2) * get_num_groups(1) + get_group_id(1);
  __global const float4* xw = OF(xw);
  __global const float4* r = OF(r);
  __global const float* peepholes = OF(peepholes);
  volatile __global float* even_h = OF(even_h);
  volatile __global float* odd_h = OF(odd_h);
  __global float* c = OF(c);
  __global float* y = OF_LAYER(y);
  __global float* final_h = OF_LAYER(final_h);
  __global float* final_c = OF_LAYER(final_c);
  const int owned = min(slice, sequences - j0);
  const int end = min(end_step0 - BEHIND, lengths[order[j0]]);

  float4 weights[KC];
#pragma unroll
  for (int k = 0; k < KC; ++k) {
    const int row = part * KC + k;
    // -0 times +0 leaves every sum as it is, -0 too
    weights[k] = edge < 0 && row < hidden && u < hidden ? weight4(r, hidden, row, u) : (float4)(-0.0f);
  }
  if (edge >= 0) {
    for (int j = i; j < owned; j += RB) {
      cs[j * U + lu] = u < hidden ? c[(size_t)(j0 + j) * hidden + u] : 0.0f;
    }
  }

  float loaded[LOADS];
  int met = 1;  // whether the other groups have come so far
  for (int step = first_step; step < end && met; ++step) {
    const int2 now = steps[step];
    const int row0 = now.x - first_row + j0;
    const int running = min(owned, now.y - j0);
    const int chunks = (running + RB - 1) / RB;
    volatile __global const float* h_in = step % 2 == 0 ? even_h : odd_h;
    volatile __global float* h_out = step % 2 == 0 ? odd_h : even_h;

    float4 fed = (float4)(0.0f);
    float4 next = (float4)(0.0f);
    if (edge >= 0 && u < hidden) {  // while the others finish their step
      fed = i < running ? xw[(size_t)(row0 + i) * hidden + u] : fed;
      next = RB + i < running ? xw[(size_t)(row0 + RB + i) * hidden + u] : next;
    }
    if (step > first_step) {
      if (item == 0) {
        go = await(counter, groups * (step - first_step), failed);
      }
      barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
      met = go;
    }
    if (edge >= 0) {
      zs[1][0][i][lu] = fed;
    }
    load_h(item, 0, chunks, j0, running, hidden, h_in, loaded);
    keep_h(item, loaded, (__local float*)hs4[0]);
    barrier(CLK_LOCAL_MEM_FENCE);

    const int ticks = met ? chunks + P : 0;
    for (int tick = 0; tick < ticks; ++tick) {
      const int parity = tick & 1;
      load_h(item, tick + 1, chunks, j0, running, hidden, h_in, loaded);
      if (edge < 0) {
        const int chunk = tick - part;
        if (chunk >= 0 && chunk < chunks) {
          float4 z[RB];
          for (int s = 0; s < RB; ++s) {
            z[s] = zs[1 - parity][part][s][lu];
          }
#pragma unroll
          for (int k = 0; k < KC / 4; ++k) {
            for (int s = 0; s < RB; ++s) {
              const float4 h = hs4[parity][(s * P + part) * (KC / 4) + k];
              z[s] = fma((float4)(h.x), weights[4 * k], z[s]);
              z[s] = fma((float4)(h.y), weights[4 * k + 1], z[s]);
              z[s] = fma((float4)(h.z), weights[4 * k + 2], z[s]);
              z[s] = fma((float4)(h.w), weights[4 * k + 3], z[s]);
            }
          }
          for (int s = 0; s < RB; ++s) {
            zs[parity][part + 1][s][lu] = z[s];
          }
        }
      } else {
        zs[parity][0][i][lu] = next;
        const int ahead = (tick + 2) * RB + i;
        if (ahead < running && u < hidden) {
          next = xw[(size_t)(row0 + ahead) * hidden + u];
        }
        const int j = (tick - P) * RB + i;
        if (tick >= P && j < running && u < hidden) {
          const CellStep result = lstm_cell(zs[1 - parity][P][i][lu], cs[j * U + lu], peepholes, hidden, u);
          const int sequence = order[j0 + j];
          const int length = lengths[sequence];
          const int time = reversed >> d & 1 ? length - 1 - step : step;
          cs[j * U + lu] = result.c;
          h_out[(size_t)(j0 + j) * hidden + u] = result.h;
          y[d * y_direction + sequence * y_batch + time * y_time + u] = result.h;
          if (step == length - 1) {
            final_h[d * h_direction + sequence * h_batch + u] = result.h;
            final_c[d * c_direction + sequence * c_batch + u] = result.c;
          }
        }
      }
      keep_h(item, loaded, (__local float*)hs4[1 - parity]);
      barrier(CLK_LOCAL_MEM_FENCE);
    }

    barrier(CLK_GLOBAL_MEM_FENCE);
    if (item == 0 && met) {
      if (step < end - 1) {
        arrive(counter);
      } else {
        leave(counter, groups * (end - first_step));
      }
    }
  }

  if (edge >= 0 && u < hidden) {
    for (int j = i; j < owned; j += RB) {
      c[(size_t)(j0 + j) * hidden + u] = cs[j * U + lu];
    }
  }
}
