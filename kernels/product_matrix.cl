// product_matrix.cl: product.cl with matrix units: rows of x times weights plus bias, both rounded to PRECISION.
//   y[m][n] = sum over k of rounded x[row(m)][k] * w[k][n], plus bias[n]
// x: K consecutive features at element row(m) = rows[first + m].x * batch_stride + rows[first + m].y * time_stride
// w [N, rounded up to TILE][WORDS] words of rounded weights, WORDS a multiple of 16, 0 from K on;  bias [N];  y [M][N]
// Grid (N/TILE, M/TILE) work-groups of 2*TILE work-items; each 32-wide slice makes TILE/2 x 32 results, 16 words of k at
// a time.
// Within 16 words, lane 4*g + t takes words 4t..4t+3, two for each of two products, of both factors alike.
// y must not alias x.
// Host side: MatrixProduct.java

#if !defined(PRECISION) || !defined(TILE)
#error "product_matrix.cl needs PRECISION (not 0) and TILE (64 or 128)"
#endif
#define ITEMS (2 * TILE)
#define LINES (ITEMS / 16)  // rows that are staged at a time
#define HEIGHTS (TILE / 32)  // 16 rows each
#define MATRIX
#include "precision.cl"

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void product_matrix(
    const int m_size, const int n_size, const int k_size, const int words, const int first, const int batch_stride,
    const int time_stride, __global const int2* restrict rows, __global const float* restrict x,
    __global const int* restrict w, __global const float* restrict bias, __global float* restrict y) {
  __local int4 xs[TILE][4];  // 16 words of each row of x, and of each column of w
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

  if (item < TILE) {
    const int2 row = rows[first + min(m0 + item, m_size - 1)];
    starts[item] = row.x * batch_stride + row.y * time_stride;
  }
  float4 sums[HEIGHTS][4];
#pragma unroll
  for (int i = 0; i < HEIGHTS; ++i) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      sums[i][j] = (float4)(0.0f);
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  // this work-item stages word `item & 15` of rows and columns item >> 4, LINES more, ...
  const int word = item & 15;
  const int line = item >> 4;
  float low[8];
  float high[8];
  int weights[8];
  for (int k0 = -16; k0 < words; k0 += 16) {
    const int ahead = k0 + 16 + word;  // while the last words are multiplied, the next are read
#pragma unroll
    for (int i = 0; i < 8; ++i) {
      if (k0 + 16 < words) {
        const int k = ahead * VALUES;
        const int start = starts[line + LINES * i];
        low[i] = k < k_size ? x[start + k] : 0.0f;
        high[i] = VALUES == 2 && k + 1 < k_size ? x[start + k + 1] : 0.0f;
        weights[i] = w[(size_t)(n0 + line + LINES * i) * words + ahead];
      }
    }
    if (k0 >= 0) {
      int4 right[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        right[j] = ws[warp_n + 8 * j + g][t];
      }
#pragma unroll
      for (int i = 0; i < HEIGHTS; ++i) {
        const int4 upper = xs[warp_m + 16 * i + g][t];
        const int4 lower = xs[warp_m + 16 * i + 8 + g][t];
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          sums[i][j] = mma((int4)(upper.x, lower.x, upper.y, lower.y), right[j].xy, sums[i][j], box);
          sums[i][j] = mma((int4)(upper.z, lower.z, upper.w, lower.w), right[j].zw, sums[i][j], box);
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (k0 + 16 < words) {
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        ((__local int*)xs[line + LINES * i])[word] = word_of(low[i], high[i]);
        ((__local int*)ws[line + LINES * i])[word] = weights[i];
      }
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
