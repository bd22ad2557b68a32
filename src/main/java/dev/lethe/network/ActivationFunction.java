package dev.lethe.network;

/**
 * An element-wise function, one of those that the ONNX operator LSTM names.
 *
 * @param kind which
 * @param alpha first parameter, where the kind has one
 * @param beta second parameter, where the kind has one
 */
public record ActivationFunction(Kind kind, float alpha, float beta) {
  /** The functions; {@code a} and {@code b} stand for alpha and beta. */
  public enum Kind {
    /** 1 / (1 + e^-x). */
    SIGMOID,
    /** tanh(x). */
    TANH,
    /** max(0, x). */
    RELU,
    /** a*x + b. */
    AFFINE,
    /** x for x >= 0, a*x otherwise. */
    LEAKY_RELU,
    /** x for x >= a, 0 otherwise. */
    THRESHOLDED_RELU,
    /** a * tanh(b*x). */
    SCALED_TANH,
    /** max(0, min(1, a*x + b)). */
    HARD_SIGMOID,
    /** x for x >= 0, a*(e^x - 1) otherwise. */
    ELU,
    /** x / (1 + |x|). */
    SOFTSIGN,
    /** log(1 + e^x). */
    SOFTPLUS
  }

  /** 1 / (1 + e^-x). */
  public static final ActivationFunction SIGMOID = new ActivationFunction(Kind.SIGMOID, 0, 0);

  /** tanh(x). */
  public static final ActivationFunction TANH = new ActivationFunction(Kind.TANH, 0, 0);

  /** max(0, x). */
  public static final ActivationFunction RELU = new ActivationFunction(Kind.RELU, 0, 0);

  /** x. */
  public static final ActivationFunction IDENTITY = new ActivationFunction(Kind.AFFINE, 1, 0);
}
