package dev.lethe.backend.cpu;

import dev.lethe.network.ActivationFunction;

/**
 * Sigmoid and tanh in single precision as a fixed sequence of IEEE operations, the same for one
 * value here and for vectors in {@link VectorKernels}, so that both give the same bits. The largest
 * errors over all floats are measured by the tests: 3 units in the last place of results from
 * 2^-126 on. NaN stays NaN.
 *
 * <p>Both rest on e^v = 2^n e^r with n = round(v / ln 2), |r| <= ln(2)/2, and e^r = 1 + r + r^2
 * P(r), P of degree 4, fitted so that the largest relative error of e^r - 1 is least: 1.4e-8.
 * Factors that are powers of two stand in the constants, where they cost nothing.
 */
final class FloatMath {
  static final float LOG2_E = 1.44269504088896341f;
  static final float LN2 = 0.693147180559945309f;

  /** ln 2 in two parts, the first with few enough bits that n times it is exact. */
  static final float LN2_HIGH = 0.693359375f;

  static final float LN2_LOW = -2.12194440e-4f;

  static final float P4 = 1.3882517e-3f;
  static final float P3 = 8.3665475e-3f;
  static final float P2 = 4.1667201e-2f;
  static final float P1 = 1.6666543e-1f;
  static final float P0 = 4.9999997e-1f;

  /**
   * 1.5 * 2^23 + 127: added to a small float, it leaves in the low bits the nearest integer n and
   * 127. Moved up by 23 bits, these are the float 2^n.
   */
  static final float SIGMOID_ROUNDER = 0x1.8p23f + 127;

  /** The same for -2^(n+1): the sign's bit is on top of the exponent's eight. */
  static final float TANH_ROUNDER = 0x1.8p23f + 256 + 128;

  /** By how much a float's exponent is moved up. */
  static final int EXPONENT = 23;

  /** Beyond this, sigmoid is 1, or below 2^-126 and no longer exact. */
  static final float SIGMOID_BOUND = 88f;

  /** Beyond this, tanh is 1 in single precision. */
  static final float TANH_BOUND = 10f;

  /**
   * Beyond this, a cell's gates are as they are here, and 3e-15 beyond its negative. So {@link
   * #cell} can divide once: the product of its divisors, and one over it, are normal floats.
   */
  static final float GATE_BOUND = 33.5f;

  private FloatMath() {}

  /** 1 / (1 + e^-x), or anything from 0 to 2^-126 where that is smaller. */
  static float sigmoid(float x) {
    return 1f / onePlusExp(-clamped(x, SIGMOID_BOUND));
  }

  /** What a gate is one over: 1 + e^-x within {@link #GATE_BOUND}. */
  static float divisor(float x) {
    return onePlusExp(-clamped(x, GATE_BOUND));
  }

  private static float onePlusExp(float v) {
    float rounded = Math.fma(v, LOG2_E, SIGMOID_ROUNDER);
    float n = rounded - SIGMOID_ROUNDER;
    float r = Math.fma(n, -LN2_LOW, Math.fma(n, -LN2_HIGH, v));
    float p = Math.fma(P4, r, P3);
    p = Math.fma(p, r, P2);
    p = Math.fma(p, r, P1);
    p = Math.fma(p, r, P0);
    float q = Math.fma(p, r * r, r);
    float scale = Float.intBitsToFloat(Float.floatToRawIntBits(rounded) << EXPONENT);
    return Math.fma(scale, q, scale + 1f);
  }

  /** (e^2x - 1) / (e^2x + 1). */
  static float tanh(float x) {
    float e = dividend(x);
    return e / (e + 2f);
  }

  /** e^2x - 1, by v = -x, w = -r/2 and (1 - e^r)/2 = w + w^2 (-2 P(-2w)). */
  static float dividend(float x) {
    float v = -clamped(x, TANH_BOUND);
    float rounded = Math.fma(v, -2 * LOG2_E, TANH_ROUNDER);
    float w = Math.fma(rounded - TANH_ROUNDER, LN2 / 2, v);
    float p = Math.fma(-32 * P4, w, 16 * P3);
    p = Math.fma(p, w, -8 * P2);
    p = Math.fma(p, w, 4 * P1);
    p = Math.fma(p, w, -2 * P0);
    float q = Math.fma(p, w * w, w);
    float scale = Float.intBitsToFloat(Float.floatToRawIntBits(rounded) << EXPONENT);
    return Math.fma(scale, q, Math.fma(scale, -0.5f, -1f));
  }

  /**
   * The cell state f c + i g. As divisions take longest, there is one for all three: r = 1 / (F I
   * (G+2)), f = I (G+2) r and i g = G F r.
   *
   * @param i {@link #divisor} of its pre-activation
   * @param f likewise
   * @param g {@link #dividend} of its pre-activation
   * @param c before the step
   */
  static float cell(float i, float f, float g, float c) {
    float others = i * (g + 2f);
    float r = 1f / (f * others);
    return Math.fma(c, others * r, g * f * r);
  }

  /**
   * The hidden state o tanh(c), by one division.
   *
   * @param o {@link #divisor} of its pre-activation
   * @param c after the step
   */
  static float hidden(float o, float c) {
    float e = dividend(c);
    return e / (o * (e + 2f));
  }

  private static float clamped(float x, float bound) {
    return Math.max(-bound, Math.min(bound, x));
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
