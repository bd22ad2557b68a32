// lstm_matrix.cl: lstm_persistent.cl with matrix units: many steps of one layer or two in one launch over
// many work-groups, recurrent weights in registers. Weights and h as inputs of the product are rounded to PRECISION,
// everything else is fp32.
// Arguments as in lstm_persistent.cl but for
//   r0, r1       [H/8][SLICES*PW*2][2][32] words, four each (MatrixWeights.java): for 8 units, each step of 8 words
//                and two gates the fragments a of precision.cl; rows 0..7 are gate i or g, 8..15 f or o of these units
//   even_h, odd_h  [B, rounded up to whole slices][WORDS] words of h, 0 from H on
// WORDS = SLICES*PW*16.  Grid (H/(8*UB), slices, parts) work-groups of 32*SLICES work-items.
//   A group owns UB times 8 units. Its 32-wide slice s multiplies with words s*PW*16.. of h, for TILES times 8
//   sequences a round; the partial sums meet in local memory, where work-item (s, l), with v = s % (2*TILES), finishes
//   unit 8*(s / (2*TILES)) + l/4 of sequence 8*(v/2) + 2*(l%4) + v%2: always xw first, then the slices in ascending
//   order. No UB changes a bit.
// begin_matrix.cl fills even_h and odd_h before the first step.
// Nothing may alias.
// Host side: LstmPersistent.java

#if !defined(SLICES) || !defined(PW) || !defined(UB) || !defined(PRECISION) || !defined(GATE)
#error "lstm_matrix.cl needs SLICES, an even multiple of UB, PW, PRECISION (not 0), POLLS and what lstm_cell needs"
#endif
#define ITEMS (32 * SLICES)
#define WORDS (16 * PW * SLICES)
#define UNITS (8 * UB)
#define TILES (SLICES / (2 * UB))               // of 8 sequences, in a round
#define MOST (PW > 4 ? 2 : 4)
#define AHEAD (TILES < MOST ? TILES : MOST)     // tiles whose h is read at once
#define MATRIX
#include "parts.cl"
#include "precision.cl"
#include "exchange.cl"
#if VALUES == 1
#define WRITE_WORD write_fresh32
#else
#define WRITE_WORD write_fresh16
#endif

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void lstm_matrix(
    const int hidden, const int sequences, const int reversed, const int y_time, const int y_batch,
    const int y_direction, const int h_batch, const int h_direction, const int c_batch, const int c_direction,
    const int first_part, const int slice, const int chunk0, const int first_step0, const int end_step0,
    __global const int2* restrict steps, __global const int* restrict order,
    __global const int* restrict lengths, __global const float4* restrict xw0, __global const float4* restrict xw1,
    __global const int4* restrict r0, __global const int4* restrict r1, __global const float* restrict peepholes0,
    __global const float* restrict peepholes1, volatile __global int* even_h0, volatile __global int* even_h1,
    volatile __global int* odd_h0, volatile __global int* odd_h1, __global float* restrict c0,
    __global float* restrict c1, __global float* restrict y0, __global float* restrict final_h0,
    __global float* restrict final_c0 LAYER_ARGUMENTS, volatile __global int* arrived, volatile __global int* failed,
    __local float* restrict cs) {
  __local float parts[SLICES][TILES][UB][8][32];
  __local int box[BOX_WORDS];
  __local int go;

  const int item = get_local_id(0);
  const int warp = item / 32;
  const int lane = item - 32 * warp;
  const int d = PART;
  const int first_step = first_step0 - BEHIND;
  const int first_row = steps[chunk0 - BEHIND].x;  // of xw
  const int j0 = get_group_id(1) * slice;
  const int groups = get_num_groups(0);
  // the cell of a round that this work-item finishes
  const int block = warp / (2 * TILES);
  const int tile = (warp - block * 2 * TILES) / 2;
  const int column = warp & 1;
  const int lu = 8 * block + lane / 4;
  const int u = get_group_id(0) * UNITS + lu;
  const int finished = 8 * tile + 2 * (lane & 3) + column;  // its sequence
  volatile __global int* counter = arrived + get_group_id(2) * get_num_groups(1) + get_group_id(1);
  __global const float4* xw = OF(xw);
  __global const float* peepholes = OF(peepholes);
  volatile __global int* even_h = OF(even_h);
  volatile __global int* odd_h = OF(odd_h);
  __global float* c = OF(c);
  __global float* y = OF_LAYER(y);
  __global float* final_h = OF_LAYER(final_h);
  __global float* final_c = OF_LAYER(final_c);
  const int owned = min(slice, sequences - j0);
  const int end = min(end_step0 - BEHIND, lengths[order[j0]]);

  int4 weights[UB][2 * PW][2];
#pragma unroll
  for (int b = 0; b < UB; ++b) {
    __global const int4* r = OF(r);
    const int eight = min((int)get_group_id(0) * UB + b, (hidden - 1) / 8);  // past the last, nobody finishes them
    const size_t first = (eight * (size_t)SLICES + warp) * (2 * PW) * 2 * 32 + lane;
#pragma unroll
    for (int k = 0; k < 2 * PW; ++k) {
      weights[b][k][0] = r[first + 64 * k];
      weights[b][k][1] = r[first + 64 * k + 32];
    }
  }
  for (int j = finished; j < owned; j += 8 * TILES) {
    cs[j * UNITS + lu] = u < hidden ? c[(size_t)(j0 + j) * hidden + u] : 0.0f;
  }

  int met = 1;  // whether the other groups have come so far
  for (int step = first_step; step < end && met; ++step) {
    const int2 now = steps[step];
    const int row0 = now.x - first_row + j0;
    const int running = min(owned, now.y - j0);
    volatile __global const int* h_in = step % 2 == 0 ? even_h : odd_h;
    volatile __global Word* h_out = (volatile __global Word*)(step % 2 == 0 ? odd_h : even_h);

    float4 next = (float4)(0.0f);
    int sequence = 0;
    int length = 0;
    if (finished < running && u < hidden) {  // while the others finish their step
      next = xw[(size_t)(row0 + finished) * hidden + u];
      sequence = order[j0 + finished];
      length = lengths[sequence];
    }
    if (step > first_step) {
      if (item == 0) {
        go = await(counter, groups * (step - first_step), failed);
      }
      barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
      met = go;
    }

    const int stop = met ? running : 0;
    for (int first = 0; first < stop; first += 8 * TILES) {
      for (int n0 = 0; n0 < TILES; n0 += AHEAD) {
        const int tiles = (stop - first + 7) / 8 - n0;  // that are left
        int4 h[AHEAD][PW];
        float4 upper[AHEAD][UB];
        float4 lower[AHEAD][UB];
#pragma unroll
        for (int n = 0; n < AHEAD; ++n) {
          // a row past the end is one of the slice, and belongs to no sequence
          const size_t j = j0 + min(first + 8 * (n0 + n) + lane / 4, slice - 1);
          volatile __global const int* row = h_in + j * WORDS + warp * PW * 16 + 4 * (lane & 3);
#pragma unroll
          for (int k = 0; k < PW; ++k) {
            h[n][k] = n < tiles ? read_fresh4(row + 16 * k) : (int4)(0);
          }
#pragma unroll
          for (int b = 0; b < UB; ++b) {
            upper[n][b] = (float4)(0.0f);
            lower[n][b] = (float4)(0.0f);
          }
        }
        // one tile's products wait for each other: those of the next come in between
#pragma unroll
        for (int k = 0; k < PW; ++k) {
#pragma unroll
          for (int n = 0; n < AHEAD; ++n) {
#pragma unroll
            for (int b = 0; b < UB; ++b) {
              upper[n][b] = mma_if(n < tiles, weights[b][2 * k][0], h[n][k].xy, upper[n][b], box);
              lower[n][b] = mma_if(n < tiles, weights[b][2 * k][1], h[n][k].xy, lower[n][b], box);
            }
#pragma unroll
            for (int b = 0; b < UB; ++b) {
              upper[n][b] = mma_if(n < tiles, weights[b][2 * k + 1][0], h[n][k].zw, upper[n][b], box);
              lower[n][b] = mma_if(n < tiles, weights[b][2 * k + 1][1], h[n][k].zw, lower[n][b], box);
            }
          }
        }
#pragma unroll
        for (int n = 0; n < AHEAD; ++n) {
          if (n < tiles) {
#pragma unroll
            for (int b = 0; b < UB; ++b) {
              __local float(*mine)[32] = parts[warp][n0 + n][b];
              mine[0][lane] = upper[n][b].x;
              mine[1][lane] = upper[n][b].y;
              mine[2][lane] = upper[n][b].z;
              mine[3][lane] = upper[n][b].w;
              mine[4][lane] = lower[n][b].x;
              mine[5][lane] = lower[n][b].y;
              mine[6][lane] = lower[n][b].z;
              mine[7][lane] = lower[n][b].w;
            }
          }
        }
      }
      barrier(CLK_LOCAL_MEM_FENCE);

      const int j = first + finished;
      if (j < running && u < hidden) {
        float4 z = next;
        for (int s = 0; s < SLICES; ++s) {
          __local const float(*part)[32] = parts[s][tile][block];
          z += (float4)(part[column][lane], part[2 + column][lane], part[4 + column][lane], part[6 + column][lane]);
        }
        const CellStep result = lstm_cell(z, cs[j * UNITS + lu], peepholes, hidden, u);
        const int time = reversed >> d & 1 ? length - 1 - step : step;
        WRITE_WORD(h_out + (size_t)(j0 + j) * WORDS * VALUES + u, word_of(result.h, 0.0f));
        cs[j * UNITS + lu] = result.c;
        y[d * y_direction + sequence * y_batch + time * y_time + u] = result.h;
        if (step == length - 1) {
          final_h[d * h_direction + sequence * h_batch + u] = result.h;
          final_c[d * c_direction + sequence * c_batch + u] = result.c;
        }
      }
      if (j + 8 * TILES < running && u < hidden) {
        next = xw[(size_t)(row0 + j + 8 * TILES) * hidden + u];
        sequence = order[j0 + j + 8 * TILES];
        length = lengths[sequence];
      }
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

  for (int j = finished; j < owned; j += 8 * TILES) {
    if (u < hidden) {
      c[(size_t)(j0 + j) * hidden + u] = cs[j * UNITS + lu];
    }
  }
}
