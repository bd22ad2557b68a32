package dev.lethe.network;

import java.util.List;
import java.util.Optional;

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
 * @param norm layer normalization, which replaces the formulas of z_q and c[t]; not together with
 *     peepholes or clip
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
    float clip,
    Optional<CellNorm> norm) {
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
    norm.ifPresent(
        n -> {
          require(
              n.cellScale().size() == hidden,
              "normalization needs " + hidden + " hidden units, has " + n.cellScale().size());
          require(
              peepholes.isEmpty() && clip == Float.POSITIVE_INFINITY,
              "normalization goes with neither peepholes nor clip");
        });
  }

  /** A cell without layer normalization. */
  public Cell(
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
    this(
        input,
        recurrent,
        bias,
        peepholes,
        projection,
        gate,
        candidate,
        output,
        coupled,
        clip,
        Optional.empty());
  }

  /** The standard cell: sigmoid gates, tanh, nothing special. */
  public static Cell of(Matrix input, Matrix recurrent, Matrix bias) {
    return of(input, recurrent, bias, Matrix.empty());
  }

  /** The standard cell with a projection; {@code projection} may be empty. */
  public static Cell of(Matrix input, Matrix recurrent, Matrix bias, Matrix projection) {
    return plain(
        input, recurrent, bias, projection, ActivationFunction.TANH, ActivationFunction.TANH);
  }

  private static Cell plain(
      Matrix input,
      Matrix recurrent,
      Matrix bias,
      Matrix projection,
      ActivationFunction candidate,
      ActivationFunction output) {
    return new Cell(
        input,
        recurrent,
        bias,
        Matrix.empty(),
        projection,
        ActivationFunction.SIGMOID,
        candidate,
        output,
        false,
        Float.POSITIVE_INFINITY);
  }

  /**
   * A cell of which each gate, and the candidate, has an input signal of its own (Jaeger, "Neural
   * Networks (AI)", lecture notes: g = sigmoid(W [1; x_g]), c = f*c + i*u, y = o * c, no tanh). Its
   * x is the four signals side by side, those of i, f, g and o; see {@link GraphBuilder#signals}.
   * Where a signal contains outputs of the same layer, those go into {@code recurrent}.
   *
   * @param weights for i, f, g and o each [hidden][1 + width of its signal], column 0 the bias
   * @param recurrent [4*hidden][hidden], or empty if no signal contains the layer's own outputs
   * @param candidate function of g
   * @param output function of c on its way out; {@link ActivationFunction#IDENTITY} in the source
   * @throws IllegalArgumentException when the shapes do not fit together
   */
  public static Cell ofSignals(
      List<Matrix> weights,
      Matrix recurrent,
      ActivationFunction candidate,
      ActivationFunction output) {
    require(weights.size() == GATES, "needs four weights, has " + weights.size());
    int hidden = weights.get(0).rows();
    int width = weights.stream().mapToInt(w -> w.columns() - 1).sum();
    float[] input = new float[GATES * hidden * width];
    float[] bias = new float[GATES * hidden];
    int column = 0;
    for (int gate = 0; gate < GATES; gate++) {
      Matrix own = weights.get(gate);
      require(
          own.rows() == hidden && own.columns() > 1,
          "signal weights need " + hidden + " rows and 2 columns or more");
      for (int unit = 0; unit < hidden; unit++) {
        int row = gate * hidden + unit;
        bias[row] = own.at(unit, 0);
        for (int k = 1; k < own.columns(); k++) {
          input[row * width + column + k - 1] = own.at(unit, k);
        }
      }
      column += own.columns() - 1;
    }
    return plain(
        Matrix.of(GATES * hidden, width, input),
        recurrent.isEmpty() ? Matrix.zeros(GATES * hidden, hidden) : recurrent,
        Matrix.of(1, GATES * hidden, bias),
        Matrix.empty(),
        candidate,
        output);
  }

  /** The same cell with other input and recurrent weights. */
  public Cell withWeights(Matrix otherInput, Matrix otherRecurrent) {
    return new Cell(
        otherInput,
        otherRecurrent,
        bias,
        peepholes,
        projection,
        gate,
        candidate,
        output,
        coupled,
        clip,
        norm);
  }

  /** The same cell with layer normalization; its bias becomes the shift of the gates. */
  public Cell withNorm(CellNorm wanted) {
    return new Cell(
        input,
        recurrent,
        bias,
        peepholes,
        projection,
        gate,
        candidate,
        output,
        coupled,
        clip,
        Optional.of(wanted));
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
        + projection.size()
        + norm.map(n -> n.gateScale().size() + 2 * n.cellScale().size()).orElse(0);
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException("LSTM cell: " + message);
    }
  }
}
