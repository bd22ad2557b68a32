// common.cl: the arithmetic that several kernels share; stands in front of every kernel file.
//   activate: the functions of the ONNX operator LSTM, by the ordinal of ActivationFunction.Kind.
// Products are written as fma in one fixed order and nothing else may be contracted, so that a sequence's result has
// the same bits whatever tile, group or batch it is computed in.
// Host side: KernelSource.java, CellOptions.java

#pragma OPENCL FP_CONTRACT OFF

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

inline float activate(const int kind, const float a, const float b, const float x) {
  switch (kind) {
    case SIGMOID:
      return 1.0f / (1.0f + exp(-x));
    case TANH:
      return tanh(x);
    case RELU:
      return x > 0.0f ? x : 0.0f;
    case AFFINE:
      return fma(a, x, b);
    case LEAKY_RELU:
      return x >= 0.0f ? x : a * x;
    case THRESHOLDED_RELU:
      return x >= a ? x : 0.0f;
    case SCALED_TANH:
      return a * tanh(b * x);
    case HARD_SIGMOID:
      return clamp(fma(a, x, b), 0.0f, 1.0f);
    case ELU:
      return x >= 0.0f ? x : a * expm1(x);
    case SOFTSIGN:
      return x / (1.0f + fabs(x));
    default:  // SOFTPLUS, without overflow for large x
      return fmax(x, 0.0f) + log1p(exp(-fabs(x)));
  }
}
