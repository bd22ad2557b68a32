package dev.lethe.network;

/**
 * Layer normalization inside a cell, of each gate's pre-activations and of c:
 *
 * <pre>
 *   z_q  = norm(W_q x[t] + R_q h[t-1]) * gateScale_q + b_q,   q in i, f, g, o
 *   c[t] = norm(f * c[t-1] + i * g) * cellScale + cellShift
 *   norm(v) = (v - mean(v)) / sqrt(variance(v) + epsilon), over the hidden units
 * </pre>
 *
 * <p>Source: TensorFlow's tf.contrib.rnn.LayerNormBasicLSTMCell (its forget_bias is part of b_f),
 * after Ba, Kiros and Hinton, "Layer Normalization", arXiv:1607.06450. c as it is handed on, to the
 * next step and to the caller, is the normalized one.
 *
 * @param gateScale [1][4*hidden], stacked i, f, g, o
 * @param cellScale [1][hidden]
 * @param cellShift [1][hidden]
 * @param epsilon added to the variances, above 0; 1e-12 in TensorFlow
 */
public record CellNorm(Matrix gateScale, Matrix cellScale, Matrix cellShift, float epsilon) {
  /** Checks that the sizes fit together. */
  public CellNorm {
    int hidden = cellScale.size();
    if (gateScale.size() != Cell.GATES * hidden || cellShift.size() != hidden) {
      throw new IllegalArgumentException(
          "cell normalization: for "
              + hidden
              + " hidden units the gates need 4*"
              + hidden
              + " scales and the cell "
              + hidden
              + " shifts, there are "
              + gateScale.size()
              + " and "
              + cellShift.size());
    }
    if (!(epsilon > 0)) {
      throw new IllegalArgumentException(
          "cell normalization: epsilon must be positive, is " + epsilon);
    }
  }
}
