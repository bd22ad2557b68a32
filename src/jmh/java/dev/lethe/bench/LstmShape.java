package dev.lethe.bench;

import dev.lethe.Dim;
import dev.lethe.Network;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Sizes of one layer and what is made from them, always with the same seeds. */
record LstmShape(int steps, int batch, int inputSize, int hiddenSize) {
  static LstmShape parse(String text) {
    int[] sizes = Arrays.stream(text.split("x", -1)).mapToInt(Integer::parseInt).toArray();
    if (sizes.length != 4 || Arrays.stream(sizes).anyMatch(n -> n < 1)) {
      throw new IllegalArgumentException("shape must be TxBxIxH, as in 32x64x64x128, not " + text);
    }
    return new LstmShape(sizes[0], sizes[1], sizes[2], sizes[3]);
  }

  /** x [T, B, I] to y [T, B, H]; weights uniform in +-1/sqrt(H), as frameworks initialise them. */
  Network network() {
    Random random = new Random(1);
    float bound = (float) (1 / Math.sqrt(hiddenSize));
    int rows = Cell.GATES * hiddenSize;
    Cell cell =
        Cell.of(
            Matrix.of(rows, inputSize, uniform(random, bound, rows * inputSize)),
            Matrix.of(rows, hiddenSize, uniform(random, bound, rows * hiddenSize)),
            Matrix.row(uniform(random, bound, rows)));
    GraphBuilder builder = new GraphBuilder();
    Shape xShape = Shape.of(Dim.symbol("time"), Dim.symbol("batch"), Dim.of(inputSize));
    Value x = builder.input("x", Tensor.Type.FLOAT32, xShape);
    List<Lstm.Direction> forward = List.of(new Lstm.Direction(false, cell));
    GraphBuilder.LstmOutputs lstm =
        builder.lstm(
            "lstm",
            Layouts.TIME_FIRST,
            forward,
            x,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    return builder.output("y", lstm.y()).build("lstm", "benchmark");
  }

  /** x [T, B, I], uniform in +-1. */
  Tensor input() {
    float[] values = uniform(new Random(2), 1, steps * batch * inputSize);
    return Tensor.of(values, steps, batch, inputSize);
  }

  private static float[] uniform(Random random, float bound, int count) {
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] = bound * (2 * random.nextFloat() - 1);
    }
    return values;
  }
}
