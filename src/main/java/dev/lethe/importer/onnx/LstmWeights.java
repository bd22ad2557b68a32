package dev.lethe.importer.onnx;

import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.Matrix;
import java.util.Arrays;
import java.util.Optional;

/**
 * The weights of an ONNX LSTM as cells: ONNX stacks gates i, o, f, c and keeps two biases; a {@link
 * Cell} stacks i, f, g, o and has their sum.
 *
 * @param w [D, 4*H, I]
 * @param r [D, 4*H, H]
 * @param b [D, 8*H], input bias then recurrent bias
 * @param p [D, 3*H], peepholes i, o, f
 */
record LstmWeights(Item.Floats w, Item.Floats r, Optional<Item.Floats> b, Optional<Item.Floats> p) {
  /** Where the gates i, f, g, o stand in ONNX's order. */
  private static final int[] GATES = {0, 2, 3, 1};

  /** Where the peepholes i, f, o stand in ONNX's order. */
  private static final int[] PEEPHOLES = {0, 2, 1};

  /** Checks that the shapes fit together. */
  LstmWeights {
    requireRank(w, 3, "W");
    requireRank(r, 3, "R");
    int directions = r.lengths()[0];
    int hidden = r.lengths()[2];
    requireShape(r, "R", directions, 4L * hidden, hidden);
    requireShape(w, "W", directions, 4L * hidden, w.lengths()[2]);
    b.ifPresent(bias -> requireShape(bias, "B", directions, 8L * hidden));
    p.ifPresent(peepholes -> requireShape(peepholes, "P", directions, 3L * hidden));
    if (hidden == 0 || w.lengths()[2] == 0) {
      throw new IllegalArgumentException("has no hidden units or no input features");
    }
  }

  int directions() {
    return r.lengths()[0];
  }

  int hiddenSize() {
    return r.lengths()[2];
  }

  int inputSize() {
    return w.lengths()[2];
  }

  /** What the weights do not say about a cell. */
  record Form(
      ActivationFunction gate,
      ActivationFunction candidate,
      ActivationFunction output,
      boolean coupled,
      float clip) {}

  Cell cell(int direction, Form form) {
    int hidden = hiddenSize();
    Matrix input = Matrix.of(4 * hidden, inputSize(), blocks(w, direction, 4, GATES));
    Matrix recurrent = Matrix.of(4 * hidden, hidden, blocks(r, direction, 4, GATES));
    Matrix peepholes =
        p.map(v -> Matrix.of(3, hidden, blocks(v, direction, 3, PEEPHOLES))).orElse(Matrix.empty());
    return new Cell(
        input,
        recurrent,
        Matrix.row(bias(direction)),
        peepholes,
        Matrix.empty(),
        form.gate(),
        form.candidate(),
        form.output(),
        form.coupled(),
        form.clip());
  }

  private float[] bias(int direction) {
    int hidden = hiddenSize();
    float[] sum = new float[4 * hidden];
    b.ifPresent(
        bias -> {
          for (int gate = 0; gate < GATES.length; gate++) {
            int from = (direction * 8 + GATES[gate]) * hidden;
            for (int unit = 0; unit < hidden; unit++) {
              sum[gate * hidden + unit] =
                  bias.data()[from + unit] + bias.data()[from + 4 * hidden + unit];
            }
          }
        });
    return sum;
  }

  /**
   * One direction's data, which are {@code parts} blocks of one size, with the blocks in another
   * order.
   */
  private static float[] blocks(Item.Floats weights, int direction, int parts, int[] order) {
    int all = weights.data().length / weights.lengths()[0];
    int block = all / parts;
    float[] result = new float[all];
    for (int k = 0; k < parts; k++) {
      System.arraycopy(
          weights.data(), direction * all + order[k] * block, result, k * block, block);
    }
    return result;
  }

  private static void requireRank(Item.Floats weights, int rank, String name) {
    if (weights.lengths().length != rank) {
      throw new IllegalArgumentException(
          name + " must have " + rank + " axes, is " + weights.shape());
    }
  }

  private static void requireShape(Item.Floats weights, String name, long... wanted) {
    requireRank(weights, wanted.length, name);
    for (int axis = 0; axis < wanted.length; axis++) {
      if (weights.lengths()[axis] != wanted[axis]) {
        throw new IllegalArgumentException(
            name + " must be " + Arrays.toString(wanted) + ", is " + weights.shape());
      }
    }
  }
}
