package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The reference against values worked out by hand. */
class ScalarSessionTest {
  private static final double EXACT = 1e-12;
  private static final float NO_CLIP = Float.POSITIVE_INFINITY;
  private static final ActivationFunction SIGMOID = ActivationFunction.SIGMOID;
  private static final ActivationFunction TANH = ActivationFunction.TANH;
  private static final ActivationFunction IDENTITY = ActivationFunction.IDENTITY;

  /** Gates and cells given directly: c = [0.7, 0.3], o = [0.4, 0.6] make y = [0.28, 0.18]. */
  @Test
  void outputGateTimesCellWithoutTanh() {
    Cell cell =
        new Cell(
            Matrix.zeros(8, 1),
            Matrix.zeros(8, 2),
            Matrix.row(new float[] {0, 0, 1, 1, 0, 0, 0.4f, 0.6f}),
            Matrix.empty(),
            Matrix.empty(),
            IDENTITY,
            TANH,
            IDENTITY,
            false,
            NO_CLIP);
    Map<String, double[]> out =
        run(cell, new float[] {3}, new float[] {0, 0}, new float[] {0.7f, 0.3f});
    assertArrayEquals(new double[] {0.28, 0.18}, out.get("y"), 1e-7);
    assertArrayEquals(new double[] {0.7f, 0.3f}, out.get("c"), EXACT);
  }

  @Test
  void standardCellTwoSteps() {
    Cell cell =
        Cell.of(
            Matrix.of(4, 1, new float[] {0.5f, -0.25f, 1, 2}),
            Matrix.of(4, 1, new float[] {0.125f, 0.5f, -1, 0.75f}),
            Matrix.row(new float[] {0.25f, 1, -0.5f, 0}));
    double h = 0.5;
    double c = -0.25;
    double[] y = new double[2];
    double[] x = {1, -2};
    for (int t = 0; t < 2; t++) {
      double i = sigmoid(0.5 * x[t] + 0.125 * h + 0.25);
      double f = sigmoid(-0.25 * x[t] + 0.5 * h + 1);
      double g = Math.tanh(x[t] - h - 0.5);
      double o = sigmoid(2 * x[t] + 0.75 * h);
      c = i * g + f * c;
      h = o * Math.tanh(c);
      y[t] = h;
    }
    Map<String, double[]> out =
        run(cell, new float[] {1, -2}, new float[] {0.5f}, new float[] {-0.25f});
    assertArrayEquals(y, out.get("y"), EXACT);
    assertArrayEquals(new double[] {h}, out.get("h"), EXACT);
    assertArrayEquals(new double[] {c}, out.get("c"), EXACT);
  }

  /** The peepholes of i and f see the old c, that of o the new one. */
  @Test
  void peepholes() {
    Cell cell =
        new Cell(
            Matrix.of(4, 1, new float[] {1, 0.5f, -1, 2}),
            Matrix.zeros(4, 1),
            Matrix.zeros(1, 4),
            Matrix.of(3, 1, new float[] {0.5f, -2, 3}),
            Matrix.empty(),
            SIGMOID,
            TANH,
            TANH,
            false,
            NO_CLIP);
    double c = sigmoid(0.5 - 2 * 0.75) * 0.75 + sigmoid(1 + 0.5 * 0.75) * Math.tanh(-1);
    double h = sigmoid(2 + 3 * c) * Math.tanh(c);
    Map<String, double[]> out = run(cell, new float[] {1}, new float[] {0}, new float[] {0.75f});
    assertArrayEquals(new double[] {c}, out.get("c"), EXACT);
    assertArrayEquals(new double[] {h}, out.get("h"), EXACT);
  }

  @Test
  void coupledGatesAndClip() {
    Cell cell =
        new Cell(
            Matrix.of(4, 1, new float[] {4, 9, -3, 5}),
            Matrix.zeros(4, 1),
            Matrix.zeros(1, 4),
            Matrix.empty(),
            Matrix.empty(),
            SIGMOID,
            TANH,
            TANH,
            true,
            1.5f);
    double i = sigmoid(1.5);
    double c = (1 - i) * 0.25 + i * Math.tanh(-1.5);
    Map<String, double[]> out = run(cell, new float[] {1}, new float[] {0}, new float[] {0.25f});
    assertArrayEquals(new double[] {c}, out.get("c"), EXACT);
    assertArrayEquals(new double[] {i * Math.tanh(c)}, out.get("h"), EXACT);
  }

  @Test
  void projection() {
    Cell cell =
        Cell.of(
            Matrix.zeros(8, 1),
            Matrix.zeros(8, 1),
            Matrix.row(new float[] {0, 0, 0, 0, 1, -1, 0, 0}),
            Matrix.of(1, 2, new float[] {2, 3}));
    double c = 0.5 * Math.tanh(1);
    double m = 0.5 * Math.tanh(c);
    Map<String, double[]> out = run(cell, new float[] {1}, new float[] {0.5f}, new float[] {0, 0});
    assertArrayEquals(new double[] {2 * m - 3 * m}, out.get("h"), EXACT);
    assertArrayEquals(new double[] {c, -c}, out.get("c"), EXACT);
  }

  /** A reverse direction starts at each sequence's own last step; past the end y is 0. */
  @Test
  void reverseWithLengths() {
    Cell sum =
        new Cell(
            Matrix.of(4, 1, new float[] {0, 0, 1, 0}),
            Matrix.zeros(4, 1),
            Matrix.row(new float[] {1, 1, 0, 1}),
            Matrix.empty(),
            Matrix.empty(),
            IDENTITY,
            IDENTITY,
            IDENTITY,
            false,
            NO_CLIP);
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(3, 3, 1));
    Value lengths = g.input("lengths", Tensor.Type.INT32, Shape.of(3));
    Value c0 = g.input("c0", Tensor.Type.FLOAT32, Shape.of(1, 3, 1));
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "sum",
            GraphBuilder.Layouts.BATCH_FIRST,
            List.of(new Lstm.Direction(true, sum)),
            x,
            Optional.of(lengths),
            Optional.empty(),
            Optional.of(c0));
    Graph graph = g.output("y", out.y()).output("c", out.finalC()).build("sum", "made by hand");
    Map<String, double[]> values =
        ScalarSession.outputs(
            graph,
            Map.of(
                "x", Tensor.of(new float[] {1, 2, 4, 8, 16, 99, 99, 99, 99}, 3, 3, 1),
                "lengths", Tensor.of(new int[] {3, 2, 0}, 3),
                "c0", Tensor.of(new float[] {0, 32, 64}, 1, 3, 1)));
    assertArrayEquals(new double[] {7, 6, 4, 56, 48, 0, 0, 0, 0}, values.get("y"));
    assertArrayEquals(new double[] {7, 56, 64}, values.get("c"));
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** One sequence of one feature. */
  private static Map<String, double[]> run(Cell cell, float[] x, float[] h, float[] c) {
    GraphBuilder g = new GraphBuilder();
    Value input = g.input("x", Tensor.Type.FLOAT32, Shape.of(x.length, 1, 1));
    Value h0 = g.input("h0", Tensor.Type.FLOAT32, Shape.of(1, 1, h.length));
    Value c0 = g.input("c0", Tensor.Type.FLOAT32, Shape.of(1, 1, c.length));
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "cell",
            GraphBuilder.Layouts.ONNX,
            List.of(new Lstm.Direction(false, cell)),
            input,
            Optional.empty(),
            Optional.of(h0),
            Optional.of(c0));
    g.output("y", out.y()).output("h", out.finalH()).output("c", out.finalC());
    return ScalarSession.outputs(
        g.build("cell", "made by hand"),
        Map.of(
            "x", Tensor.of(x, x.length, 1, 1),
            "h0", Tensor.of(h, 1, 1, h.length),
            "c0", Tensor.of(c, 1, 1, c.length)));
  }
}
