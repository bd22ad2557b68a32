// product.cl: rows of x times weights plus bias; the input projection of all time steps at once, and the dense head.
//   y[m][n] = bias[n] + sum over k of x[row(m)][k] * w[k][n],  k ascending
// x: K consecutive features at element row(m); w [K][N], see precision.cl; bias [N]; y [M][N].
//   With ROW_MAP   row(m) = rows[first + m].x * batch_stride + rows[first + m].y * time_stride  (sequence, time step)
//   Without        row(m) = m * K
// Grid (N/TN, M/TM) work-groups of LN x LM work-items, each RM x RN results; TM = LM*RM, TN = LN*RN.
// TK: features staged in local memory at a time.  w is rounded to PRECISION already, x when it is read
// (precision.cl).  y must not alias x.
// Host side: Product.java

#if !defined(LM) || !defined(LN) || !defined(RM) || !defined(RN) || !defined(TK)
#error "product.cl needs LM, LN, RM, RN and TK"
#endif
#define TM (LM * RM)
#define TN (LN * RN)
#include "precision.cl"

__kernel __attribute__((reqd_work_group_size(LN, LM, 1))) void product(
    const int m_size, const int n_size, const int k_size,
#ifdef ROW_MAP
    const int first, const int batch_stride, const int time_stride, __global const int2* restrict rows,
#endif
    __global const float* restrict x, __global const float* restrict w, __global const float* restrict bias,
    __global float* restrict y) {
  __local float xs[TK][TM + 1];  // one column more, against bank conflicts while it is filled
  __local float ws[TK][TN];
  __local int starts[TM];

  const int ln = get_local_id(0);
  const int lm = get_local_id(1);
  const int item = lm * LN + ln;
  const int m0 = get_group_id(1) * TM;
  const int n0 = get_group_id(0) * TN;

  for (int i = item; i < TM; i += LM * LN) {
    const int m = min(m0 + i, m_size - 1);
#ifdef ROW_MAP
    const int2 row = rows[first + m];
    starts[i] = row.x * batch_stride + row.y * time_stride;
#else
    starts[i] = m * k_size;
#endif
  }

  float acc[RM][RN];
  for (int j = 0; j < RN; ++j) {
    const int n = n0 + ln + j * LN;
    const float b = n < n_size ? bias[n] : 0.0f;
    for (int i = 0; i < RM; ++i) {
      acc[i][j] = b;
    }
  }

  for (int k0 = 0; k0 < k_size; k0 += TK) {
    const int depth = min(TK, k_size - k0);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = item; e < TM * TK; e += LM * LN) {
      const int i = e / TK;
      const int k = e - i * TK;
      xs[k][i] = k < depth ? rounded(x[starts[i] + k0 + k]) : 0.0f;
    }
    for (int e = item; e < TK * TN; e += LM * LN) {
      const int k = e / TN;
      const int j = e - k * TN;
      const int n = n0 + j;
      ws[k][j] = k < depth && n < n_size ? weight(w, n_size, k0 + k, n) : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < depth; ++k) {
      for (int i = 0; i < RM; ++i) {
        const float value = xs[k][lm + i * LM];
        for (int j = 0; j < RN; ++j) {
          acc[i][j] = fma(value, ws[k][ln + j * LN], acc[i][j]);
        }
      }
    }
  }

  for (int i = 0; i < RM; ++i) {
    const int m = m0 + lm + i * LM;
    for (int j = 0; j < RN; ++j) {
      const int n = n0 + ln + j * LN;
      if (m < m_size && n < n_size) {
        y[(size_t)m * n_size + n] = acc[i][j];
      }
    }
  }
}
