// product.cl: rows of x times weights plus bias; the input projection of all time steps at once, and the dense head.
//   y[m][n] = bias[n] + sum over k of x[row(m)][k] * w[k][n],  k ascending
// x: K consecutive features at element row(m); w [K][N], see precision.cl; bias [N]; y [M][N].
//   With ROW_MAP   row(m) = rows[first + m].x * batch_stride + rows[first + m].y * time_stride  (sequence, time step)
//   Without        row(m) = m * K
// Grid (N/TN, M/TM) work-groups of LN x LM work-items, each RM x RN results; TM = LM*RM, TN = LN*RN. A work-item has
// RM neighbouring rows, and every LN-th column or, where RN is a multiple of four, every LN-th four of them.
// TK features are in local memory at a time; while they are multiplied, the next are on their way to registers.
// w is rounded to PRECISION already, x when it is read (precision.cl).  FOURS, where K, N and the strides are multiples
// of four: see terms.cl; TK and TN are then such, too.  y must not alias x.
// Host side: Product.java

#if !defined(LM) || !defined(LN) || !defined(RM) || !defined(RN) || !defined(TK)
#error "product.cl needs LM, LN, RM, RN and TK"
#endif
#define TM (LM * RM)
#define TN (LN * RN)
#define ITEMS (LM * LN)
// Neighbouring items make the same columns, and the next but one the same rows: then NVIDIA's local memory answers a
// float4 of each of 32 items in two turns instead of four.
#define PAIR (LM % 2 == 0 ? 2 : 1)
#if RN % 4 == 0
#define COLUMN(j) (((j) / 4 * LN + ln) * 4 + (j) % 4)
#else
#define COLUMN(j) (ln + (j) * LN)
#endif
#include "precision.cl"
#include "terms.cl"
#define X_ROW (TK / TERMS)
#define W_ROW (TN / TERMS)
#define X_LOADS ((TM * X_ROW + ITEMS - 1) / ITEMS)
#define W_LOADS ((TK * W_ROW + ITEMS - 1) / ITEMS)

__kernel __attribute__((reqd_work_group_size(LN, LM, 1))) void product(
    const int m_size, const int n_size, const int k_size,
#ifdef ROW_MAP
    const int first, const int batch_stride, const int time_stride, __global const int2* restrict rows,
#endif
    __global const float* restrict x, __global const float* restrict w, __global const float* restrict bias,
    __global float* restrict y) {
  // rows are four longer, against bank conflicts while they are filled; still whole float4s where TM is of such
  __local float xs[TK][TM + 4] __attribute__((aligned(16)));
  __local float ws[TK][TN] __attribute__((aligned(16)));
  __local int starts[TM];

  const uint item = get_local_id(1) * LN + get_local_id(0);
  const int ln = item / PAIR % LN;
  const int lm = item / (PAIR * LN) * PAIR + item % PAIR;
  const int m0 = get_group_id(1) * TM;
  const int n0 = get_group_id(0) * TN;

  for (int i = item; i < TM; i += ITEMS) {
    const int m = min(m0 + i, m_size - 1);
#ifdef ROW_MAP
    const int2 row = rows[first + m];
    starts[i] = row.x * batch_stride + row.y * time_stride;
#else
    starts[i] = m * k_size;
#endif
  }

  float acc[RM][RN];
#pragma unroll
  for (int j = 0; j < RN; ++j) {
    const int n = n0 + COLUMN(j);
    const float b = n < n_size ? bias[n] : 0.0f;
#pragma unroll
    for (int i = 0; i < RM; ++i) {
      acc[i][j] = b;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);

  Terms x_ahead[X_LOADS];
  Terms w_ahead[W_LOADS];
  for (int k0 = -TK; k0 < k_size; k0 += TK) {
    const int next = k0 + TK;
#pragma unroll
    for (int l = 0; l < X_LOADS; ++l) {
      const uint e = item + l * ITEMS;
      const int i = e / X_ROW;
      const int k = next + TERMS * (e - i * X_ROW);
      x_ahead[l] = e < TM * X_ROW && k < k_size ? *(__global const Terms*)(x + starts[i] + k) : (Terms)(0.0f);
    }
#pragma unroll
    for (int l = 0; l < W_LOADS; ++l) {
      const uint e = item + l * ITEMS;
      const int row = e / W_ROW;
      const int n = n0 + TERMS * (e - row * W_ROW);
      const int k = next + row;
      w_ahead[l] = e < TK * W_ROW && k < k_size && n < n_size ? WEIGHTS(w, n_size, k, n) : (Terms)(0.0f);
    }
    const int depth = k0 < 0 ? 0 : min(TK, k_size - k0);
    for (int first = 0; first < depth; first += TERMS) {
#pragma unroll
      for (int k = first; k < first + TERMS; ++k) {
        float values[RM];
        float weights[RN];
#if RM % 4 == 0
#pragma unroll
        for (int i = 0; i < RM; i += 4) {
          const float4 four = *(__local const float4*)&xs[k][lm * RM + i];
          values[i] = four.x;
          values[i + 1] = four.y;
          values[i + 2] = four.z;
          values[i + 3] = four.w;
        }
#else
#pragma unroll
        for (int i = 0; i < RM; ++i) {
          values[i] = xs[k][lm * RM + i];
        }
#endif
#if RN % 4 == 0
#pragma unroll
        for (int j = 0; j < RN; j += 4) {
          const float4 four = *(__local const float4*)&ws[k][COLUMN(j)];
          weights[j] = four.x;
          weights[j + 1] = four.y;
          weights[j + 2] = four.z;
          weights[j + 3] = four.w;
        }
#else
#pragma unroll
        for (int j = 0; j < RN; ++j) {
          weights[j] = ws[k][COLUMN(j)];
        }
#endif
#pragma unroll
        for (int i = 0; i < RM; ++i) {
#pragma unroll
          for (int j = 0; j < RN; ++j) {
            acc[i][j] = fma(values[i], weights[j], acc[i][j]);
          }
        }
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
    for (int l = 0; l < X_LOADS; ++l) {
      const uint e = item + l * ITEMS;
      if (e < TM * X_ROW) {
        const int i = e / X_ROW;
        keep_terms(x_ahead[l], &xs[TERMS * (e - i * X_ROW)][i], TM + 4);
      }
    }
#pragma unroll
    for (int l = 0; l < W_LOADS; ++l) {
      const uint e = item + l * ITEMS;
      if (e < TK * W_ROW) {
        const int row = e / W_ROW;
        *(__local Terms*)&ws[row][TERMS * (e - row * W_ROW)] = w_ahead[l];
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
  }

#pragma unroll
  for (int i = 0; i < RM; ++i) {
    const int m = m0 + lm * RM + i;
#pragma unroll
    for (int j = 0; j < RN; ++j) {
      const int n = n0 + COLUMN(j);
      if (m < m_size && n < n_size) {
        y[(size_t)m * n_size + n] = acc[i][j];
      }
    }
  }
}
