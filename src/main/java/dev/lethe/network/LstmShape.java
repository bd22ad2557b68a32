package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.GraphBuilder.Layouts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Sizes of an LSTM, and what is made up for them: weights and inputs, always with the same seeds.
 * For benchmarks.
 *
 * @param steps T
 * @param batch B
 * @param inputSize I
 * @param hiddenSize H
 * @param layers L, stacked
 * @param directions D, 1 or 2
 */
public record LstmShape(
    int steps, int batch, int inputSize, int hiddenSize, int layers, int directions) {
  /** Gates of a cell, stacked input, forget, cell, output (i, f, g, o). */
  public static final int GATES = Cell.GATES;

  private static final int MOST_QUOTED = 40;

  /**
   * The weights of one direction of a layer.
   *
   * @param inputSize I, the width of what the layer reads
   * @param input W [4*H, I]
   * @param recurrent R [4*H, H]
   * @param bias b [4*H]
   */
  public record Weights(int inputSize, float[] input, float[] recurrent, float[] bias) {}

  /**
   * Checks that every array can be made.
   *
   * @throws InputException when one would exceed 2 GiB
   */
  public LstmShape {
    long rows = (long) GATES * hiddenSize;
    long width = Math.max(inputSize, (long) directions * hiddenSize);
    if (rows * Float.BYTES > Integer.MAX_VALUE / width
        || (long) steps * batch > Integer.MAX_VALUE / Float.BYTES / width) {
      throw new InputException(
          "shape "
              + text(steps, batch, inputSize, hiddenSize, layers, directions)
              + ": too large, inputs, outputs and each weight matrix must be below 2 GiB");
    }
  }

  /**
   * Reads TxBxIxH, or TxBxIxHxLxD with layers and directions.
   *
   * @throws InputException when it is neither, or too large
   */
  public static LstmShape parse(String text) {
    String[] parts = text.split("x", -1);
    boolean numbers = Arrays.stream(parts).allMatch(part -> part.matches("[1-9][0-9]{0,8}"));
    if (numbers && (parts.length == 4 || parts.length == 6)) {
      int[] sizes = Arrays.stream(parts).mapToInt(Integer::parseInt).toArray();
      int layers = parts.length == 4 ? 1 : sizes[4];
      int directions = parts.length == 4 ? 1 : sizes[5];
      if (directions <= 2) {
        return new LstmShape(sizes[0], sizes[1], sizes[2], sizes[3], layers, directions);
      }
    }
    throw new InputException(
        "shape must be TxBxIxH or TxBxIxHxLxD with 1 or 2 directions, as in 32x64x64x128, not "
            + (text.length() > MOST_QUOTED ? text.substring(0, MOST_QUOTED) + "..." : text));
  }

  /** The width of y: H for each direction. */
  public int outputSize() {
    return directions * hiddenSize;
  }

  /** Floating-point operations of one inference: 8*T*B*H*(I + H) for each layer and direction. */
  public double operations() {
    double operations = 0;
    for (int layer = 0; layer < layers; layer++) {
      int read = layer == 0 ? inputSize : outputSize();
      operations += 8.0 * steps * batch * hiddenSize * (read + hiddenSize) * directions;
    }
    return operations;
  }

  /** Number of trained numbers. */
  public double parameters() {
    double parameters = 0;
    for (int layer = 0; layer < layers; layer++) {
      double read = layer == 0 ? inputSize : outputSize();
      parameters += GATES * (double) hiddenSize * (read + hiddenSize + 1) * directions;
    }
    return parameters;
  }

  /** By layer and direction; uniform in +-1/sqrt(H), as frameworks initialise them. */
  public List<List<Weights>> weights() {
    Random random = new Random(1);
    float bound = (float) (1 / Math.sqrt(hiddenSize));
    int rows = GATES * hiddenSize;
    List<List<Weights>> all = new ArrayList<>();
    for (int layer = 0; layer < layers; layer++) {
      int read = layer == 0 ? inputSize : outputSize();
      List<Weights> weights = new ArrayList<>();
      for (int d = 0; d < directions; d++) {
        weights.add(
            new Weights(
                read,
                uniform(random, bound, rows * read),
                uniform(random, bound, rows * hiddenSize),
                uniform(random, bound, rows)));
      }
      all.add(weights);
    }
    return all;
  }

  /** x [T, B, I] to y [T, B, D*H]. */
  public Graph network() {
    GraphBuilder builder = new GraphBuilder();
    Value value =
        builder.input(
            "x",
            Tensor.Type.FLOAT32,
            Shape.of(Dim.symbol("time"), Dim.symbol("batch"), Dim.of(inputSize)));
    for (List<Weights> layer : weights()) {
      List<Lstm.Direction> directions = new ArrayList<>();
      for (Weights weights : layer) {
        directions.add(new Lstm.Direction(!directions.isEmpty(), cell(weights)));
      }
      value =
          builder
              .lstm(
                  "lstm",
                  Layouts.TIME_FIRST,
                  directions,
                  value,
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty())
              .y();
    }
    return builder.output("y", value).build("lstm", "benchmark");
  }

  private Cell cell(Weights weights) {
    int rows = GATES * hiddenSize;
    return Cell.of(
        Matrix.of(rows, weights.inputSize(), weights.input()),
        Matrix.of(rows, hiddenSize, weights.recurrent()),
        Matrix.row(weights.bias()));
  }

  /** x [T, B, I], uniform in +-1. */
  public Tensor input() {
    float[] values = uniform(new Random(2), 1, steps * batch * inputSize);
    return Tensor.of(values, steps, batch, inputSize);
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return text(steps, batch, inputSize, hiddenSize, layers, directions);
  }

  private static String text(
      int steps, int batch, int inputSize, int hiddenSize, int layers, int directions) {
    String sizes = steps + "x" + batch + "x" + inputSize + "x" + hiddenSize;
    return layers == 1 && directions == 1 ? sizes : sizes + "x" + layers + "x" + directions;
  }

  private static float[] uniform(Random random, float bound, int count) {
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] = bound * (2 * random.nextFloat() - 1);
    }
    return values;
  }
}
