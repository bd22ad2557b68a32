package dev.lethe.importer.keras;

import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.Matrix;

/**
 * The weights of LSTM and CuDNNLSTM as a cell. Keras stacks gates i, f, c, o, which are a cell's i,
 * f, g, o, side by side: kernel [I][4H], recurrent_kernel [H][4H].
 */
final class LstmWeights {
  private static final int GATES = Cell.GATES;

  private LstmWeights() {}

  /** How many arrays the layer has. */
  static int count(Layer layer) {
    return layer.keras() < 200
        ? KerasOne.LSTM_ARRAYS
        : layer.config().flag("use_bias", true) ? 3 : 2;
  }

  /**
   * Reads a cell.
   *
   * @param inputSize features of x
   */
  static Cell cell(Layer layer, LayerWeights weights, int inputSize) {
    int hidden = layer.config().size("units");
    if (layer.config().flag("time_major", false)) {
      throw layer.config().error("has time_major, which Lethe does not run");
    }
    LayerWeights own =
        layer.keras() < 200
            ? new KerasOne.Joined(weights, inputSize, hidden)
            : weights.part("cell", 0);
    return layer.kind().equals("CuDNNLSTM")
        ? cuDnn(weights, inputSize, hidden)
        : standard(layer, own, inputSize, hidden);
  }

  private static Cell standard(Layer layer, LayerWeights weights, int inputSize, int hidden) {
    int rows = GATES * hidden;
    float[] kernel = weights.array(0, inputSize, rows);
    float[] bias = count(layer) != 2 ? weights.array(2, rows) : new float[rows];
    ActivationFunction activation = Activations.function(layer, "activation");
    layer.config().get("recurrent_activation");
    return new Cell(
        transposed(kernel, inputSize, rows),
        transposed(weights.array(1, hidden, rows), hidden, rows),
        Matrix.row(bias),
        Matrix.empty(),
        Matrix.empty(),
        Activations.function(layer, "recurrent_activation"),
        activation,
        activation,
        false,
        Float.POSITIVE_INFINITY);
  }

  /**
   * CuDNNLSTM of Keras 2: the bytes of a gate's kernel are W [H][I] already, its recurrent kernel
   * is R [H][H] already, and it has two biases, of which a cell has the sum (_convert_rnn_weights
   * in Keras 2's hdf5_format.py).
   */
  private static Cell cuDnn(LayerWeights weights, int inputSize, int hidden) {
    int rows = GATES * hidden;
    float[] both = weights.array(2, 2 * rows);
    float[] bias = new float[rows];
    for (int k = 0; k < rows; k++) {
      bias[k] = both[k] + both[rows + k];
    }
    return Cell.of(
        blocks(weights.array(0, inputSize, rows), inputSize, hidden),
        blocks(weights.array(1, hidden, rows), hidden, hidden),
        Matrix.row(bias));
  }

  private static Matrix transposed(float[] values, int rows, int columns) {
    float[] result = new float[values.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        result[column * rows + row] = values[row * columns + column];
      }
    }
    return Matrix.of(columns, rows, result);
  }

  /** [width][4][H], each gate's [width][H] read as [H][width]. */
  private static Matrix blocks(float[] values, int width, int hidden) {
    float[] result = new float[values.length];
    for (int gate = 0; gate < GATES; gate++) {
      for (int row = 0; row < width; row++) {
        int from = row * GATES * hidden + gate * hidden;
        System.arraycopy(values, from, result, (gate * width + row) * hidden, hidden);
      }
    }
    return Matrix.of(GATES * hidden, width, result);
  }
}
