package dev.lethe.backend.cpu;

import dev.lethe.network.ActivationFunction;

/**
 * Sigmoid and tanh in single precision as a fixed sequence of IEEE operations, the same for one
 * value here and for vectors in {@link VectorKernels}, so that both give the same bits. The largest
 * errors over all floats are measured by the tests: 3 units in the last place of results from
 * 2^-126 on. NaN stays NaN.
 *
 * <p>Both rest on e^x = 2^n e^r with n = round(x / ln 2), |r| <= ln(2)/2, and e^r = 1 + r + r^2
 * P(r), P of degree 4, fitted so that the largest relative error of e^r - 1 is least: 1.4e-8.
 */
final class FloatMath {
  static final float LOG2_E = 1.44269504088896341f;

  /** ln 2 in two parts, the first with few enough bits that n times it is exact. */
  static final float LN2_HIGH = 0.693359375f;

  static final float LN2_LOW = -2.12194440e-4f;

  /** 1.5 * 2^23: added to a small float, it leaves the nearest integer in the low bits. */
  static final float ROUNDER = 12582912f;

  static final float P4 = 1.3882517e-3f;
  static final float P3 = 8.3665475e-3f;
  static final float P2 = 4.1667201e-2f;
  static final float P1 = 1.6666543e-1f;
  static final float P0 = 4.9999997e-1f;

  /** Beyond this, sigmoid is 1, or below 2^-126 and no longer exact. */
  static final float SIGMOID_BOUND = 88f;

  /** Beyond this, tanh is 1 in single precision. */
  static final float TANH_BOUND = 10f;

  private static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);
  private static final int ONE_BITS = Float.floatToRawIntBits(1f);

  private FloatMath() {}

  /** 1 / (1 + e^-x), or anything from 0 to 2^-126 where that is smaller. */
  static float sigmoid(float x) {
    float e = expMinusOne(Math.max(-SIGMOID_BOUND, Math.min(SIGMOID_BOUND, x)) * -1f);
    return 1f / (e + 2f);
  }

  /** (e^2x - 1) / (e^2x + 1). */
  static float tanh(float x) {
    float e = expMinusOne(Math.max(-TANH_BOUND, Math.min(TANH_BOUND, x)) * 2f);
    return e / (e + 2f);
  }

  private static float expMinusOne(float v) {
    float rounded = Math.fma(v, LOG2_E, ROUNDER);
    float q = expMinusOne(v, rounded - ROUNDER);
    int n = Float.floatToRawIntBits(rounded) - ROUNDER_BITS;
    float scale = Float.intBitsToFloat((n << 23) + ONE_BITS);
    return Math.fma(scale, q, scale - 1f);
  }

  /** e^(v - n ln 2) - 1. */
  private static float expMinusOne(float v, float n) {
    float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, v));
    float p = Math.fma(P4, r, P3);
    p = Math.fma(p, r, P2);
    p = Math.fma(p, r, P1);
    p = Math.fma(p, r, P0);
    return Math.fma(p, r * r, r);
  }

  static float apply(ActivationFunction function, float x) {
    return switch (function.kind()) {
      case SIGMOID -> sigmoid(x);
      case TANH -> tanh(x);
      case RELU -> Math.max(0f, x);
      case AFFINE -> Math.fma(function.alpha(), x, function.beta());
      case LEAKY_RELU -> x >= 0 ? x : function.alpha() * x;
      case SCALED_TANH -> function.alpha() * tanh(function.beta() * x);
      case HARD_SIGMOID ->
          Math.max(0f, Math.min(1f, Math.fma(function.alpha(), x, function.beta())));
      default -> (float) ScalarFunctions.apply(function, x);
    };
  }
}
