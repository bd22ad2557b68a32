// common.cl: the arithmetic that several kernels share; stands in front of every kernel file.
//   activate   the functions of the ONNX operator LSTM, by the ordinal of ActivationFunction.Kind
//   lstm_cell  gates, cell and hidden update of one unit; the only place that computes them
//   SPAN       the recurrent sums of fp32 arithmetic are cut into spans of so many terms: each is added up by itself, in
//              ascending order, and then to what stands before it, xw first. Parts of a work-group can so share a sum.
// Products are written as fma in one fixed order and nothing else may be contracted, so that a sequence's result has
// the same bits whatever tile, group or batch it is computed in.
// Host side: KernelSource.java, KernelOptions.java

#pragma OPENCL FP_CONTRACT OFF

#define SPAN 32

#define SIGMOID 0
#define TANH 1
#define RELU 2
#define AFFINE 3
#define LEAKY_RELU 4
#define THRESHOLDED_RELU 5
#define SCALED_TANH 6
#define HARD_SIGMOID 7
#define ELU 8
#define SOFTSIGN 9
#define SOFTPLUS 10

// Sigmoid and tanh are fixed sequences of IEEE operations, those of FloatMath.java, rather than the driver's built-ins,
// which differ from device to device and on some between the lanes of a vector and its remainder.
// e^v - 1 = 2^n q + 2^n - 1 with n = round(v / ln 2), q = e^r - 1, r = v - n ln 2 (coefficients of Cephes' expf).
#define LOG2_E 1.44269504088896341f
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define ROUNDER 12582912.0f  // 1.5 * 2^23: leaves the nearest integer in the low bits

inline float exp_remainder(const float v, const float n) {
  const float r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, v));
  float p = fma(1.9875691500e-4f, r, 1.3981999507e-3f);
  p = fma(p, r, 8.3334519073e-3f);
  p = fma(p, r, 4.1665795894e-2f);
  p = fma(p, r, 1.6666665459e-1f);
  p = fma(p, r, 5.0000001201e-1f);
  return fma(p, r * r, r);
}

// 2^(n - less), n as the low bits of n + ROUNDER
inline float power_of_two(const float rounded, const int less) {
  return as_float(((as_int(rounded) - as_int(ROUNDER) - less) << 23) + as_int(1.0f));
}

inline float bounded(const float x, const float low, const float high) {
  return x < low ? low : x > high ? high : x;  // NaN stays NaN
}

inline float sigmoid(const float x) {
  const float v = -bounded(x, -89.0f, 30.0f);
  const float rounded = fma(v, LOG2_E, ROUNDER);
  const float q = exp_remainder(v, rounded - ROUNDER);
  const float half_power = power_of_two(rounded, 1);  // n reaches 128
  return 1.0f / fma(fma(half_power, q, half_power), 2.0f, 1.0f);
}

inline float hyperbolic_tangent(const float x) {
  const float v = bounded(x, -10.0f, 10.0f) * 2.0f;
  const float rounded = fma(v, LOG2_E, ROUNDER);
  const float q = exp_remainder(v, rounded - ROUNDER);
  const float scale = power_of_two(rounded, 0);
  const float e = fma(scale, q, scale - 1.0f);
  return e / (e + 2.0f);
}

inline float activate(const int kind, const float a, const float b, const float x) {
  switch (kind) {
    case SIGMOID:
      return sigmoid(x);
    case TANH:
      return hyperbolic_tangent(x);
    case RELU:
      return x < 0.0f ? 0.0f : x;
    case AFFINE:
      return fma(a, x, b);
    case LEAKY_RELU:
      return x >= 0.0f ? x : a * x;
    case THRESHOLDED_RELU:
      return x < a ? 0.0f : x;
    case SCALED_TANH:
      return a * hyperbolic_tangent(b * x);
    case HARD_SIGMOID:
      return bounded(fma(a, x, b), 0.0f, 1.0f);
    case ELU:
      return x >= 0.0f ? x : a * expm1(x);
    case SOFTSIGN:
      return x / (1.0f + fabs(x));
    default:  // SOFTPLUS, without overflow for large x
      return (x < 0.0f ? 0.0f : x) + log1p(exp(-fabs(x)));
  }
}

// A function stands for three arguments: kind, alpha, beta.
#define APPLY(function, x) activate(function, x)

#ifdef GATE
#if !defined(CANDIDATE) || !defined(OUTPUT)
#error "lstm_cell needs GATE, CANDIDATE and OUTPUT: kind, alpha, beta"
#endif
#ifdef CLIP
#define BOUND(z) bounded(z, -CLIP, CLIP)
#else
#define BOUND(z) (z)
#endif

typedef struct {
  float i, f, g, o, c, h;
} CellStep;

// One cell of one sequence at one step, from the pre-activations z (i, f, g, o) and c of the step before:
//   c = f*c + i*g   h = o * output(c)
// peepholes [3][H] for i, f (they see the old c) and o (it sees the new c), read with PEEPHOLES only.
inline CellStep lstm_cell(
    float4 z, const float old, __global const float* peepholes, const int hidden, const int u) {
  CellStep step;
#ifdef PEEPHOLES
  z.x = fma(peepholes[u], old, z.x);
  z.y = fma(peepholes[hidden + u], old, z.y);
#endif
  step.i = APPLY(GATE, BOUND(z.x));
#ifdef COUPLED
  step.f = 1.0f - step.i;
#else
  step.f = APPLY(GATE, BOUND(z.y));
#endif
  step.g = APPLY(CANDIDATE, BOUND(z.z));
  step.c = fma(step.f, old, step.i * step.g);
#ifdef PEEPHOLES
  z.w = fma(peepholes[2 * hidden + u], step.c, z.w);
#endif
  step.o = APPLY(GATE, BOUND(z.w));
  step.h = step.o * APPLY(OUTPUT, step.c);
  return step;
}
#endif
