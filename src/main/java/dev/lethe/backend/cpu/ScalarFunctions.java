package dev.lethe.backend.cpu;

import dev.lethe.network.ActivationFunction;

/** The activation functions in double precision, by the formulas of the ONNX operator LSTM. */
final class ScalarFunctions {
  private ScalarFunctions() {}

  static double apply(ActivationFunction function, double x) {
    double a = function.alpha();
    double b = function.beta();
    return switch (function.kind()) {
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
      case RELU -> Math.max(0, x);
      case AFFINE -> a * x + b;
      case LEAKY_RELU -> x >= 0 ? x : a * x;
      case THRESHOLDED_RELU -> x >= a ? x : 0;
      case SCALED_TANH -> a * Math.tanh(b * x);
      case HARD_SIGMOID -> Math.max(0, Math.min(1, a * x + b));
      case ELU -> x >= 0 ? x : a * Math.expm1(x);
      case SOFTSIGN -> x / (1 + Math.abs(x));
      case SOFTPLUS -> Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    };
  }
}
