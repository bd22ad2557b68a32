package dev.lethe.bench;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.LstmShape;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A row of gpu-shapes.csv. cudnn_baseline.py makes the same numbers from the same seeds, so that
 * the outputs of both can be compared.
 */
record GpuShape(
    String name, int steps, int batch, int input, int hidden, int layers, int directions) {
  /** All rows of a file. */
  static List<GpuShape> read(Path file) throws IOException {
    List<GpuShape> shapes = new ArrayList<>();
    for (String line : Files.readAllLines(file).subList(1, Files.readAllLines(file).size())) {
      String[] f = line.strip().split(",", -1);
      if (f.length != 7) {
        throw new IllegalArgumentException(file + ": needs 7 columns: " + line);
      }
      int[] n = new int[7];
      for (int k = 1; k < 7; k++) {
        n[k] = Integer.parseInt(f[k]);
      }
      shapes.add(new GpuShape(f[0], n[1], n[2], n[3], n[4], n[5], n[6]));
    }
    return shapes;
  }

  /** The sizes of its first layer. */
  LstmShape layer() {
    return new LstmShape(steps, batch, input, hidden, 1, directions);
  }

  /** x [T, B, I] to y [T, B, directions*H]. */
  Graph graph() {
    GraphBuilder builder = new GraphBuilder();
    Value below =
        builder.input(
            "x",
            Tensor.Type.FLOAT32,
            Shape.of(Dim.symbol("time"), Dim.symbol("batch"), Dim.of(input)));
    for (int layer = 0; layer < layers; layer++) {
      int width = layer == 0 ? input : hidden * directions;
      List<Lstm.Direction> both = new ArrayList<>();
      for (int d = 0; d < directions; d++) {
        both.add(new Lstm.Direction(d == 1, cell(100 + 10 * (2 * layer + d), width)));
      }
      below =
          builder
              .lstm(
                  "lstm" + layer,
                  Layouts.TIME_FIRST,
                  both,
                  below,
                  Optional.empty(),
                  Optional.empty(),
                  Optional.empty())
              .y();
    }
    return builder.output("y", below).build(name, "benchmark");
  }

  private Cell cell(int seed, int width) {
    int rows = Cell.GATES * hidden;
    float bound = (float) (1 / Math.sqrt(hidden));
    return Cell.of(
        Matrix.of(rows, width, numbers(seed, bound, rows * width)),
        Matrix.of(rows, hidden, numbers(seed + 1, bound, rows * hidden)),
        Matrix.row(numbers(seed + 2, bound, rows)));
  }

  /** x, within +-1. */
  Tensor x() {
    return Tensor.of(numbers(1, 1, steps * batch * input), steps, batch, input);
  }

  /** Uniform in +-bound: a hash of the index. */
  private static float[] numbers(int seed, float bound, int count) {
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      int v = k * 0x9E3779B1 + seed * 0x85EBCA77;
      v = (v ^ v >>> 16) * 0x85EBCA6B;
      v = (v ^ v >>> 13) * 0xC2B2AE35;
      v ^= v >>> 16;
      values[k] = bound * ((v >>> 8) * 0x1p-23f - 1);
    }
    return values;
  }
}
