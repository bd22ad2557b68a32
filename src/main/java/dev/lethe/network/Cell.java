package dev.lethe.network;

/**
 * One LSTM cell, the weights and what is special about it:
 *
 * <pre>
 *   z_q = W_q x[t] + R_q h[t-1] + b_q (+ p_q * c),  clipped to [-clip, clip],   q in i, f, g, o
 *   i = gate(z_i)   f = gate(z_f), or 1 - i if coupled   g = candidate(z_g)   o = gate(z_o)
 *   c[t] = f * c[t-1] + i * g
 *   h[t] = o * output(c[t]), or projection * (o * output(c[t]))
 * </pre>
 *
 * <p>The peepholes of i and f see c[t-1], that of o sees c[t] (ONNX operator LSTM).
 *
 * @param input input weights W [4*hidden][inputSize], gates stacked i, f, g, o
 * @param recurrent recurrent weights R [4*hidden][outputSize], stacked likewise
 * @param bias b [1][4*hidden], stacked likewise
 * @param peepholes [3][hidden] for i, f, o; or empty
 * @param projection [outputSize][hidden]; or empty, and then outputSize is hidden
 * @param gate function of i, f and o
 * @param candidate function of g
 * @param output function of c on its way out
 * @param coupled whether f = 1 - i
 * @param clip bound on the pre-activations; infinity for none
 */
public record Cell(
    Matrix input,
    Matrix recurrent,
    Matrix bias,
    Matrix peepholes,
    Matrix projection,
    ActivationFunction gate,
    ActivationFunction candidate,
    ActivationFunction output,
    boolean coupled,
    float clip) {
  /** Gates are stacked in this order everywhere inside Lethe. */
  public static final int GATES = 4;

  /** Checks that the shapes fit together. */
  public Cell {
    int rows = input.rows();
    int hidden = rows / GATES;
    int out = projection.isEmpty() ? hidden : projection.rows();
    require(rows > 0 && rows % GATES == 0, "input weights need 4*hidden rows, have " + rows);
    require(
        recurrent.rows() == rows,
        "recurrent weights need " + rows + " rows, have " + recurrent.rows());
    require(
        recurrent.columns() == out,
        "recurrent weights need " + out + " columns, have " + recurrent.columns());
    require(bias.size() == rows, "bias needs " + rows + " values, has " + bias.size());
    require(
        peepholes.isEmpty() || peepholes.size() == 3 * hidden,
        "peepholes need 3*" + hidden + " values");
    require(
        projection.isEmpty() || projection.columns() == hidden,
        "projection needs " + hidden + " columns");
    require(clip > 0, "clip must be positive, is " + clip);
  }

  /** The standard cell: sigmoid gates, tanh, nothing special. */
  public static Cell of(Matrix input, Matrix recurrent, Matrix bias) {
    return of(input, recurrent, bias, Matrix.empty());
  }

  /** The standard cell with a projection; {@code projection} may be empty. */
  public static Cell of(Matrix input, Matrix recurrent, Matrix bias, Matrix projection) {
    return new Cell(
        input,
        recurrent,
        bias,
        Matrix.empty(),
        projection,
        ActivationFunction.SIGMOID,
        ActivationFunction.TANH,
        ActivationFunction.TANH,
        false,
        Float.POSITIVE_INFINITY);
  }

  /** Width of x. */
  public int inputSize() {
    return input.columns();
  }

  /** Width of c. */
  public int hiddenSize() {
    return input.rows() / GATES;
  }

  /** Width of h. */
  public int outputSize() {
    return recurrent.columns();
  }

  /** Number of trained numbers. */
  public long parameters() {
    return (long) input.size()
        + recurrent.size()
        + bias.size()
        + peepholes.size()
        + projection.size();
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException("LSTM cell: " + message);
    }
  }
}
