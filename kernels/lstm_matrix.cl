// lstm_matrix.cl: lstm_persistent.cl with matrix units: many steps of one layer or two in one launch over
// many work-groups, recurrent weights in registers. Weights and h as inputs of the product are rounded to PRECISION,
// everything else is fp32.
// Arguments as in lstm_persistent.cl but for
//   r0, r1       [H/8][SLICES*PW*2][2][32] words, four each (MatrixWeights.java): for 8 units, each step of 8 words
//                and two gates the fragments a of precision.cl; rows 0..7 are gate i or g, 8..15 f or o of these units
//   history      [slots][B, rounded up to whole slices][WORDS] words of h, in slot 0 0 from H on
// WORDS = SLICES*PW*16.  Grid (H/(8*UB), slices, parts) work-groups of 32*SLICES work-items.
//   A group owns UB times 8 units. Its 32-wide slice s multiplies with words s*PW*16.. of h, for TILES times 8
//   sequences a round; the partial sums meet in local memory, where work-item (s, l), with v = s % (2*TILES), finishes
//   unit 8*(s / (2*TILES)) + l/4 of sequence 8*(v/2) + 2*(l%4) + v%2: always xw first, then the slices in ascending
//   order. No UB changes a bit. The new h meet in local memory, too, so that they are written four words at a time.
// begin_matrix.cl fills the history before the first step.
// Nothing may alias.
// Host side: LstmPersistent.java

#if !defined(SLICES) || !defined(PW) || !defined(UB) || !defined(PRECISION) || !defined(GATE)
#error "lstm_matrix.cl needs SLICES, an even multiple of UB, PW, PRECISION (not 0), POLLS and what lstm_cell needs"
#endif
#define ITEMS (32 * SLICES)
#define WORDS (16 * PW * SLICES)
#define UNITS (8 * UB)
#define TILES (SLICES / (2 * UB))                // of 8 sequences, in a round
#define MOST (PW * UB > 8 ? 1 : PW > 4 ? 2 : 4)  // what weights leave registers for
#define AHEAD (TILES < MOST ? TILES : MOST)      // tiles whose h is read at once
#ifdef PTX
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("unroll 1")  // what stands in for mma is long, and holds barriers
#endif
#define MATRIX
#include "parts.cl"
#include "precision.cl"
#include "exchange.cl"
#define QUADS (UNITS / VALUES / 4)               // of words of h that a group makes for a sequence

// One lane's part of h of AHEAD tiles: every eighth of `rows` rows, and of `words` words every fourth four.
inline void load_h(const int rows, const int words, volatile __global const int* row, int4 h[AHEAD][PW]) {
  UNROLL
  for (int n = 0; n < AHEAD; ++n) {
    UNROLL
    for (int k = 0; k < PW; ++k) {
      h[n][k] = 8 * n < rows && 16 * k < words ? read_fresh4(row + 8 * n * WORDS + 16 * k) : (int4)(0);
    }
  }
}

// Loads it again until all of it is there, or others have been waited for in vain.
inline void await_h(
    const int rows, const int words, volatile __global const int* row, int4 h[AHEAD][PW],
    volatile __global int* failed, __local int* lost) {
  for (int looks = 1;; ++looks) {
    uint newest = 0;
    UNROLL
    for (int n = 0; n < AHEAD; ++n) {
      UNROLL
      for (int k = 0; k < PW; ++k) {
        newest = max(newest, max((uint)h[n][k].x, (uint)h[n][k].z));
      }
    }
    if (newest != (uint)UNWRITTEN) {
      break;
    }
    if (!look_again(looks, failed)) {
      *lost = 1;
      break;
    }
    load_h(rows, words, row, h);
  }
  rejoin();
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void lstm_matrix(
    const int hidden, const int sequences, const int reversed, const int y_time, const int y_batch,
    const int y_direction, const int h_batch, const int h_direction, const int c_batch, const int c_direction,
    const int first_part, const int slice, const int slots, const int ahead, const int chunk0, const int first_step0,
    const int end_step0, __global const int2* restrict steps, __global const int* restrict order,
    __global const int* restrict lengths, __global const float4* restrict xw0, __global const float4* restrict xw1,
    __global const int4* restrict r0, __global const int4* restrict r1, __global const float* restrict peepholes0,
    __global const float* restrict peepholes1, volatile __global int* history0, volatile __global int* history1,
    __global float* restrict c0, __global float* restrict c1, __global float* restrict y0,
    __global float* restrict final_h0, __global float* restrict final_c0 LAYER_ARGUMENTS, volatile __global int* failed,
    __local float* restrict cs) {
  __local float parts[SLICES][TILES][UB][8][32];
  __local int box[BOX_WORDS];
  __local int4 fresh[8 * TILES][QUADS];  // h of a round
  __local int lost;                      // whether others have been waited for in vain

  const int item = get_local_id(0);
  const int warp = item / 32;
  const int lane = item - 32 * warp;
  const int d = PART;
  const int first_step = first_step0 - BEHIND;
  const int first_row = steps[chunk0 - BEHIND].x;  // of xw
  const int j0 = get_group_id(1) * slice;
  const int written = get_num_groups(0) * (UNITS / VALUES);  // words of a sequence
  const size_t slot_words = (size_t)get_num_groups(1) * slice * WORDS;
  // the cell of a round that this work-item finishes
  const int block = warp / (2 * TILES);
  const int tile = (warp - block * 2 * TILES) / 2;
  const int column = warp & 1;
  const int lu = 8 * block + lane / 4;
  const int u = get_group_id(0) * UNITS + lu;
  const int finished = 8 * tile + 2 * (lane & 3) + column;  // its sequence
  __global const float4* xw = OF(xw);
  __global const float* peepholes = OF(peepholes);
  volatile __global int* history = OF(history) + (size_t)j0 * WORDS;
  __global float* c = OF(c);
  __global float* y = OF_LAYER(y);
  __global float* final_h = OF_LAYER(final_h);
  __global float* final_c = OF_LAYER(final_c);
  const int owned = min(slice, sequences - j0);
  const int end = min(end_step0 - BEHIND, lengths[order[j0]]);

  int4 weights[UB][2 * PW][2];
  UNROLL
  for (int b = 0; b < UB; ++b) {
    __global const int4* r = OF(r);
    const int eight = min((int)get_group_id(0) * UB + b, (hidden - 1) / 8);  // past the last, nobody finishes them
    const size_t first = (eight * (size_t)SLICES + warp) * (2 * PW) * 2 * 32 + lane;
    UNROLL
    for (int k = 0; k < 2 * PW; ++k) {
      weights[b][k][0] = r[first + 64 * k];
      weights[b][k][1] = r[first + 64 * k + 32];
    }
  }
  for (int j = finished; j < owned; j += 8 * TILES) {
    cs[j * UNITS + lu] = u < hidden ? c[(size_t)(j0 + j) * hidden + u] : 0.0f;
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
    volatile __global const int* h_in = history + in * slot_words;
    const int out = in + 1 < slots ? in + 1 : 0;
    const int later = out + ahead - (out + ahead < slots ? 0 : slots);

    float4 next = (float4)(0.0f);
    int sequence = 0;
    int length = 0;
    if (finished < running && u < hidden) {  // while the others finish their step
      next = xw[(size_t)(row0 + finished) * hidden + u];
      sequence = order[j0 + finished];
      length = lengths[sequence];
    }

    // what a lane has of h: every eighth row, from one on, and of a row these words
    const int rows = running - lane / 4;
    const int words = written - warp * PW * 16 - 4 * (lane & 3);
    volatile __global const int* row = h_in + lane / 4 * WORDS + warp * PW * 16 + 4 * (lane & 3);
    if (rows > 0 && words > 0) {  // the first to be read is the last to come: looked for by itself
      for (int looks = 1; read_fresh4(row).x == UNWRITTEN && look_again(looks, failed); ++looks) {
      }
    }
    int4 h[AHEAD][PW];
    load_h(rows, words, row, h);

    for (int first = 0; first < running && met; first += 8 * TILES) {
      for (int n0 = 0; n0 < TILES; n0 += AHEAD) {
        const int tiles = (running - first + 7) / 8 - n0;  // that are left
        float4 upper[AHEAD][UB];
        float4 lower[AHEAD][UB];
        await_h(rows - first - 8 * n0, words, row + (size_t)(first + 8 * n0) * WORDS, h, failed, &lost);
        UNROLL
        for (int n = 0; n < AHEAD; ++n) {
          UNROLL
          for (int b = 0; b < UB; ++b) {
            upper[n][b] = (float4)(0.0f);
            lower[n][b] = (float4)(0.0f);
          }
        }
        // one tile's products wait for each other: those of the next come in between
        UNROLL
        for (int k = 0; k < PW; ++k) {
          UNROLL
          for (int n = 0; n < AHEAD; ++n) {
            UNROLL
            for (int b = 0; b < UB; ++b) {
              upper[n][b] = mma_if(n < tiles, weights[b][2 * k][0], h[n][k].xy, upper[n][b], box);
              lower[n][b] = mma_if(n < tiles, weights[b][2 * k][1], h[n][k].xy, lower[n][b], box);
            }
            UNROLL
            for (int b = 0; b < UB; ++b) {
              upper[n][b] = mma_if(n < tiles, weights[b][2 * k + 1][0], h[n][k].zw, upper[n][b], box);
              lower[n][b] = mma_if(n < tiles, weights[b][2 * k + 1][1], h[n][k].zw, lower[n][b], box);
            }
          }
        }
        UNROLL
        for (int n = 0; n < AHEAD; ++n) {
          if (n < tiles) {
            UNROLL
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
        const int next0 = first + 8 * (n0 + AHEAD);  // is there, or nearly, when this round's cells are finished
        load_h(rows - next0, words, row + (size_t)next0 * WORDS, h);
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      met = !lost;

      const int j = first + finished;
      const int mine = j < running && u < hidden;
      CellStep result;
      if (mine) {
        float4 z = next;
        for (int s = 0; s < SLICES; ++s) {
          __local const float(*part)[32] = parts[s][tile][block];
          z += (float4)(part[column][lane], part[2 + column][lane], part[4 + column][lane], part[6 + column][lane]);
        }
        result = lstm_cell(z, cs[j * UNITS + lu], peepholes, hidden, u);
        cs[j * UNITS + lu] = result.c;
      }
      ((__local Word*)fresh[finished])[lu] = (Word)word_of(mine ? handed(result.h) : 0.0f, 0.0f);
      barrier(CLK_LOCAL_MEM_FENCE);

      if (item < 8 * TILES * QUADS) {
        const int made = item / QUADS;
        const int quad = item - made * QUADS;
        if (first + made < running) {
          const size_t place = (size_t)(first + made) * WORDS + get_group_id(0) * (UNITS / VALUES) + 4 * quad;
          write_fresh4(history + out * slot_words + place, fresh[made][quad]);
          if (ahead > 0) {
            write_fresh4(history + later * slot_words + place, (int4)(UNWRITTEN));
          }
        }
      }
      if (mine) {
        const int time = reversed >> d & 1 ? length - 1 - step : step;
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
    }
    barrier(EXCHANGED);
    in = out;
  }

  for (int j = finished; j < owned; j += 8 * TILES) {
    if (u < hidden) {
      c[(size_t)(j0 + j) * hidden + u] = cs[j * UNITS + lu];
    }
  }
}
