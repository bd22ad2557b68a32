// product_matrix.cl: product.cl with matrix units: rows of x times weights plus bias, both rounded to PRECISION.
//   y[m][n] = sum over k of rounded x[row(m)][k] * w[k][n], plus bias[n]
// x: K consecutive features at element row(m) = rows[first + m].x * batch_stride + rows[first + m].y * time_stride
// w [N, rounded up to TILE][WORDS] words of rounded weights, WORDS a multiple of 16, 0 from K on;  bias [N];  y [M][N]
// Grid (N/TILE, M/TILE) work-groups of 2*TILE work-items; each 32-wide slice makes TILE/2 x 32 results, 16 words of k at
// a time.
// Within 16 words, lane 4*g + t takes words 4t..4t+3, two for each of two products, of both factors alike. x is kept in
// local memory as the fragments a of precision.cl, so that a lane reads one as it is needed.
// FOURS: K and the strides are multiples of four.  y must not alias x.
// Host side: MatrixProduct.java

#if !defined(PRECISION) || !defined(TILE)
#error "product_matrix.cl needs PRECISION (not 0) and TILE (64 or 128)"
#endif
#define ITEMS (2 * TILE)
#define HEIGHTS (TILE / 32)  // 16 rows each
#define MATRIX
#include "precision.cl"

// x[k..k+4), 0 from K on
inline float4 four_of(__global const float* restrict x, const int k, const int k_size) {
#ifdef FOURS
  return k < k_size ? *(__global const float4*)(x + k) : (float4)(0.0f);
#else
  return (float4)(
      k < k_size ? x[k] : 0.0f, k + 1 < k_size ? x[k + 1] : 0.0f, k + 2 < k_size ? x[k + 2] : 0.0f,
      k + 3 < k_size ? x[k + 3] : 0.0f);
#endif
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void product_matrix(
    const int m_size, const int n_size, const int k_size, const int words, const int first, const int batch_stride,
    const int time_stride, __global const int2* restrict rows, __global const float* restrict x,
    __global const int* restrict w, __global const float* restrict bias, __global float* restrict y) {
  __local int4 xs[TILE / 16][2][32];  // 16 words of each row of x, and of each column of w
  __local int4 ws[TILE][4];
  __local int starts[TILE];
  __local int box[BOX_WORDS];

  const int item = get_local_id(0);
  const int lane = item & 31;
  const int g = lane / 4;
  const int t = lane - 4 * g;
  const int warp_m = item / TILE * (TILE / 2);
  const int warp_n = item % TILE / 32 * 32;
  const int m0 = get_group_id(1) * TILE;
  const int n0 = get_group_id(0) * TILE;

  float4 sums[HEIGHTS][4];
#pragma unroll
  for (int i = 0; i < HEIGHTS; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      sums[i][j] = (float4)(0.0f);
    }
  }

  if (item < TILE) {  // in registers these would keep a second group from a compute unit
    const int2 row = rows[first + min(m0 + item, m_size - 1)];
    starts[item] = row.x * batch_stride + row.y * time_stride;
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  // this work-item stages words 4*t.. of rows and columns line and line + 8, which are in the same fragments
  const int line = item / 32 * 16 + g;
  float4 x_ahead[2][VALUES];
  int4 w_ahead[2];
  for (int k0 = -16; k0 < words; k0 += 16) {
    const bool more = k0 + 16 < words;
    const int ahead = k0 + 16 + 4 * t;  // while the last words are multiplied, the next are read
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      if (more) {
#pragma unroll
        for (int v = 0; v < VALUES; ++v) {
          x_ahead[i][v] = four_of(x + starts[line + 8 * i], ahead * VALUES + 4 * v, k_size);
        }
        w_ahead[i] = *(__global const int4*)(w + (size_t)(n0 + line + 8 * i) * words + ahead);
      }
    }
    if (k0 >= 0) {
      int4 right[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        // volatile, so that it stays one load: compilers make two of it, which wait for each other's banks
        right[j] = *(volatile __local const int4*)&ws[warp_n + 8 * j + g][t];
      }
#pragma unroll
      for (int i = 0; i < HEIGHTS; ++i) {
        const int4 even = xs[warp_m / 16 + i][0][lane];
        const int4 odd = xs[warp_m / 16 + i][1][lane];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          sums[i][j] = mma(even, right[j].xy, sums[i][j], box);
          sums[i][j] = mma(odd, right[j].zw, sums[i][j], box);
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (more) {
      const int4 upper = words_of(x_ahead[0]);
      const int4 lower = words_of(x_ahead[1]);
      xs[line / 16][0][lane] = (int4)(upper.x, lower.x, upper.y, lower.y);
      xs[line / 16][1][lane] = (int4)(upper.z, lower.z, upper.w, lower.w);
      ws[line][t] = w_ahead[0];
      ws[line + 8][t] = w_ahead[1];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

#pragma unroll
  for (int i = 0; i < HEIGHTS; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const int m = m0 + warp_m + 16 * i + g;
      const int n = n0 + warp_n + 8 * j + 2 * t;
      if (n < n_size) {  // N is a multiple of 4, n even
        const float2 b = (float2)(bias[n], bias[n + 1]);
        if (m < m_size) {
          y[(size_t)m * n_size + n] = sums[i][j].x + b.x;
          y[(size_t)m * n_size + n + 1] = sums[i][j].y + b.y;
        }
        if (m + 8 < m_size) {
          y[(size_t)(m + 8) * n_size + n] = sums[i][j].z + b.x;
          y[(size_t)(m + 8) * n_size + n + 1] = sums[i][j].w + b.y;
        }
      }
    }
  }
}
