package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lethe.Device;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.ActivationFunction.Kind;
import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every row of the tables in src/site/markdown/cell.md, on every device, against numbers worked out
 * from that row's own notation in double precision: one hidden unit or two, one sequence.
 */
class NotationsTest {
  private static final double CLOSE = 1e-6;
  private static final float NO_CLIP = Float.POSITIVE_INFINITY;
  private static final ActivationFunction SIGMOID = ActivationFunction.SIGMOID;
  private static final ActivationFunction TANH = ActivationFunction.TANH;
  private static final ActivationFunction IDENTITY = ActivationFunction.IDENTITY;

  /** The weights of one hidden unit on one feature, stacked i, f, g, o. */
  private static final double[] W = {0.5, -0.25, 1, 2};

  private static final double[] R = {0.125, 0.5, -1, 0.75};
  private static final double[] BIAS = {0.25, 1, -0.5, 0.375};
  private static final double[] X = {1, -2, 0.5};

  static Stream<String> devices() {
    return Stream.concat(Stream.of("cpu:scalar"), Devices.usable().stream().map(Device::id));
  }

  /** Row "001": W on the past output, U on the input; the forget gate's bias is b_f. */
  @ParameterizedTest
  @MethodSource("devices")
  void row001StandardCell(String device) {
    check(device, cell(SIGMOID, TANH, TANH), sigmoid(), Math::tanh, Math::tanh);
  }

  /** Row "002 + 000", its worked example: c = [0.7, 0.3] and g_output = [0.4, 0.6]. */
  @ParameterizedTest
  @MethodSource("devices")
  void row000OutputGateTimesCell(String device) {
    // gates given directly: forget 1, input 0
    float[] bias = {0, 0, 1, 1, 0, 0, 0.4f, 0.6f};
    Cell cell =
        new Cell(
            Matrix.zeros(8, 1),
            Matrix.zeros(8, 2),
            Matrix.row(bias),
            Matrix.empty(),
            Matrix.empty(),
            IDENTITY,
            TANH,
            IDENTITY,
            false,
            NO_CLIP);
    Map<String, float[]> out = run(device, cell, new double[] {3}, new double[] {0.7, 0.3});
    assertArrayEquals(new float[] {0.28f, 0.18f}, out.get("y"), 1e-6f);
  }

  /** Row "002 + 000": g = sigmoid(W [1; x_g]) with a signal for each gate, y = g_output * c. */
  @ParameterizedTest
  @MethodSource("devices")
  void row002SignalOfItsOwnForEachGate(String device) {
    double[][] weights = {{0.5, 1}, {-1, 0.25, 2}, {0.125, -0.5}, {1, 0.75, -0.25}};
    double[][][] signals = {{{1}, {2}}, {{0.5, -1}, {0.25, 0.5}}, {{-2}, {1}}, {{1, 3}, {-1, 0.5}}};
    double c = 0;
    float[] expected = new float[2];
    for (int n = 0; n < 2; n++) {
      double[] z = new double[4];
      for (int gate = 0; gate < 4; gate++) {
        z[gate] = weights[gate][0];
        for (int k = 0; k < signals[gate][n].length; k++) {
          z[gate] += weights[gate][k + 1] * signals[gate][n][k];
        }
      }
      double u = Math.tanh(z[2]);
      c = sigmoid(z[1]) * c + sigmoid(z[0]) * u;
      expected[n] = (float) (sigmoid(z[3]) * c);
    }
    GraphBuilder g = new GraphBuilder();
    List<Value> inputs =
        Stream.of(1, 2, 1, 2)
            .map(width -> g.input("signal", Tensor.Type.FLOAT32, Shape.of(2, 1, width)))
            .toList();
    List<Matrix> matrices = Stream.of(weights).map(w -> Matrix.of(1, w.length, floats(w))).toList();
    Cell cell = Cell.ofSignals(matrices, Matrix.empty(), TANH, IDENTITY);
    GraphBuilder.LstmOutputs out = lstm(g, cell, g.signals("signals", inputs));
    Graph graph = g.output("y", out.y()).build("signals", "made by hand");
    Map<String, Tensor> given = new HashMap<>();
    for (int gate = 0; gate < 4; gate++) {
      double[] flat = Stream.of(signals[gate]).flatMapToDouble(Arrays::stream).toArray();
      Tensor tensor = Tensor.of(floats(flat), 2, 1, signals[gate][0].length);
      given.put(inputs.get(gate).name(), tensor);
    }
    try (Session session = graph.open(new Options(device, 1))) {
      float[] y = Objects.requireNonNull(session.run(given).get("y")).toFloatArray();
      assertArrayEquals(expected, y, (float) CLOSE);
    }
  }

  /** Row "003": y[t] = softmax(V h[t]), and the gates are there to be looked at. */
  @ParameterizedTest
  @MethodSource("devices")
  void row003SoftmaxOfHiddenState(String device) {
    double[] v = {1.5, -0.5, 0.25};
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(X.length, 1, 1));
    GraphBuilder.LstmOutputs out = lstm(g, cell(SIGMOID, TANH, TANH), x);
    Value logits = g.dense("V", Matrix.of(1, 3, floats(v)), Matrix.zeros(1, 3), out.y());
    Graph graph = g.output("y", g.softmax("softmax", false, logits)).build("003", "made by hand");
    try (Session session = graph.open(new Options(device, 1))) {
      Trace trace = session.trace(Map.of("x", Tensor.of(floats(X), X.length, 1, 1)));
      float[] y = Objects.requireNonNull(trace.outputs().get("y")).toFloatArray();
      Step[] steps = steps(sigmoid(), Math::tanh, Math::tanh);
      for (int t = 0; t < X.length; t++) {
        double h = steps[t].h();
        double sum = Stream.of(0, 1, 2).mapToDouble(k -> Math.exp(v[k] * h)).sum();
        for (int k = 0; k < 3; k++) {
          assertArrayEquals(
              new double[] {Math.exp(v[k] * h) / sum}, new double[] {y[3 * t + k]}, CLOSE);
        }
        Trace.Layer layer = trace.layers().get(0);
        assertArrayEquals(
            new double[] {steps[t].i(), steps[t].f(), steps[t].o()},
            new double[] {
              layer.i().toFloatArray()[t], layer.f().toFloatArray()[t], layer.o().toFloatArray()[t]
            },
            CLOSE);
      }
    }
  }

  /** Variant "peepholes": i and f see c[t-1], o sees c[t]. */
  @ParameterizedTest
  @MethodSource("devices")
  void variantPeepholes(String device) {
    double[] p = {0.5, -2, 3};
    Cell cell =
        new Cell(
            column(W),
            column(R),
            Matrix.row(floats(BIAS)),
            Matrix.of(3, 1, floats(p)),
            Matrix.empty(),
            SIGMOID,
            TANH,
            TANH,
            false,
            NO_CLIP);
    double h = 0;
    double c = 0.75;
    float[] expected = new float[X.length];
    for (int t = 0; t < X.length; t++) {
      double i = sigmoid(z(0, X[t], h) + p[0] * c);
      double f = sigmoid(z(1, X[t], h) + p[1] * c);
      c = f * c + i * Math.tanh(z(2, X[t], h));
      h = sigmoid(z(3, X[t], h) + p[2] * c) * Math.tanh(c);
      expected[t] = (float) h;
    }
    assertArrayEquals(expected, run(device, cell, X, new double[] {0.75}).get("y"), 1e-6f);
  }

  /** Variants "coupled" and "clip": f = 1 - i, pre-activations within [-0.5, 0.5]. */
  @ParameterizedTest
  @MethodSource("devices")
  void variantCoupledAndClip(String device) {
    Cell cell =
        new Cell(
            column(W),
            column(R),
            Matrix.row(floats(BIAS)),
            Matrix.empty(),
            Matrix.empty(),
            SIGMOID,
            TANH,
            TANH,
            true,
            0.5f);
    double h = 0;
    double c = 0.75;
    float[] expected = new float[X.length];
    for (int t = 0; t < X.length; t++) {
      double i = sigmoid(clip(z(0, X[t], h)));
      c = (1 - i) * c + i * Math.tanh(clip(z(2, X[t], h)));
      h = sigmoid(clip(z(3, X[t], h))) * Math.tanh(c);
      expected[t] = (float) h;
    }
    assertArrayEquals(expected, run(device, cell, X, new double[] {0.75}).get("y"), 1e-6f);
  }

  /** Variant "projection": h = W_hr (o * tanh(c)). */
  @ParameterizedTest
  @MethodSource("devices")
  void variantProjection(String device) {
    Cell cell =
        Cell.of(
            Matrix.zeros(8, 1),
            Matrix.zeros(8, 1),
            Matrix.row(new float[] {0, 0, 0, 0, 1, -1, 0, 0}),
            Matrix.of(1, 2, new float[] {2, 3}));
    double c = 0.5 * Math.tanh(1);
    double m = 0.5 * Math.tanh(c);
    Map<String, float[]> out = run(device, cell, new double[] {1}, new double[] {0, 0});
    assertArrayEquals(new float[] {(float) (2 * m - 3 * m)}, out.get("y"), 1e-6f);
    assertArrayEquals(new float[] {(float) c, (float) -c}, out.get("c"), 1e-6f);
  }

  /** Variant "hard sigmoid", Keras 1 and 2: clip(0.2 x + 0.5). */
  @ParameterizedTest
  @MethodSource("devices")
  void variantHardSigmoidOfKeras2(String device) {
    hardSigmoid(device, 0.2f, x -> Math.max(0, Math.min(1, 0.2 * x + 0.5)));
  }

  /** Variant "hard sigmoid", Keras 3: relu6(x + 3) / 6. */
  @ParameterizedTest
  @MethodSource("devices")
  void variantHardSigmoidOfKeras3(String device) {
    hardSigmoid(device, 1 / 6f, x -> Math.min(6, Math.max(0, x + 3)) / 6);
  }

  /** Variant "hard sigmoid", ONNX: max(0, min(1, alpha x + beta)). */
  @ParameterizedTest
  @MethodSource("devices")
  void variantHardSigmoidOfOnnx(String device) {
    hardSigmoid(device, 0.7f, x -> Math.max(0, Math.min(1, 0.7f * x + 0.5)));
  }

  private static void hardSigmoid(String device, float slope, DoubleUnaryOperator expected) {
    ActivationFunction hard = new ActivationFunction(Kind.HARD_SIGMOID, slope, 0.5f);
    check(device, cell(hard, TANH, TANH), expected, Math::tanh, Math::tanh);
  }

  /** Variant "layer normalization", of the gates and of c; two hidden units. */
  @ParameterizedTest
  @MethodSource("devices")
  void variantLayerNormalization(String device) {
    double[] gateScale = {1, 0.5, -1, 2, 0.25, 1, 1.5, -0.5};
    double[] shift = {0.1, 0.2, 0.3, 0.4, -0.1, -0.2, -0.3, -0.4};
    double[] cellScale = {0.75, -1.5};
    double[] cellShift = {0.5, 0.25};
    double[] w = {1, 2, 3, -1, 0.5, 1, -2, 1};
    Cell cell =
        Cell.of(column(w), Matrix.zeros(8, 2), Matrix.row(floats(shift)))
            .withNorm(
                new CellNorm(
                    Matrix.row(floats(gateScale)),
                    Matrix.row(floats(cellScale)),
                    Matrix.row(floats(cellShift)),
                    0.01f));
    double x = 1.5;
    double[] old = {0.25, -0.5};
    double[][] z = new double[4][2];
    for (int gate = 0; gate < 4; gate++) {
      double[] normed = norm(w[2 * gate] * x, w[2 * gate + 1] * x);
      for (int j = 0; j < 2; j++) {
        z[gate][j] = normed[j] * gateScale[2 * gate + j] + shift[2 * gate + j];
      }
    }
    double[] raw = new double[2];
    for (int j = 0; j < 2; j++) {
      raw[j] = sigmoid(z[1][j]) * old[j] + sigmoid(z[0][j]) * Math.tanh(z[2][j]);
    }
    double[] normed = norm(raw[0], raw[1]);
    float[] c = new float[2];
    float[] h = new float[2];
    for (int j = 0; j < 2; j++) {
      double now = normed[j] * cellScale[j] + cellShift[j];
      c[j] = (float) now;
      h[j] = (float) (sigmoid(z[3][j]) * Math.tanh(now));
    }
    Map<String, float[]> out = run(device, cell, new double[] {x}, old);
    assertArrayEquals(c, out.get("c"), 1e-5f);
    assertArrayEquals(h, out.get("y"), 1e-5f);
  }

  private static double[] norm(double a, double b) {
    double mean = (a + b) / 2;
    double deviation = Math.sqrt((a - mean) * (a - mean) + 0.01f);
    return new double[] {(a - mean) / deviation, (b - mean) / deviation};
  }

  private record Step(double i, double f, double o, double h) {}

  private static void check(
      String device,
      Cell cell,
      DoubleUnaryOperator gate,
      DoubleUnaryOperator candidate,
      DoubleUnaryOperator output) {
    Step[] steps = steps(gate, candidate, output);
    float[] expected = new float[X.length];
    for (int t = 0; t < X.length; t++) {
      expected[t] = (float) steps[t].h();
    }
    assertArrayEquals(expected, run(device, cell, X, new double[] {0}).get("y"), (float) CLOSE);
  }

  private static Step[] steps(
      DoubleUnaryOperator gate, DoubleUnaryOperator candidate, DoubleUnaryOperator output) {
    Step[] steps = new Step[X.length];
    double h = 0;
    double c = 0;
    for (int t = 0; t < X.length; t++) {
      double i = gate.applyAsDouble(z(0, X[t], h));
      double f = gate.applyAsDouble(z(1, X[t], h));
      double o = gate.applyAsDouble(z(3, X[t], h));
      c = i * candidate.applyAsDouble(z(2, X[t], h)) + f * c;
      h = o * output.applyAsDouble(c);
      steps[t] = new Step(i, f, o, h);
    }
    return steps;
  }

  private static double z(int gate, double x, double h) {
    return W[gate] * x + R[gate] * h + BIAS[gate];
  }

  private static double clip(double z) {
    return Math.max(-0.5, Math.min(0.5, z));
  }

  private static DoubleUnaryOperator sigmoid() {
    return NotationsTest::sigmoid;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  private static Cell cell(
      ActivationFunction gate, ActivationFunction candidate, ActivationFunction output) {
    return new Cell(
        column(W),
        column(R),
        Matrix.row(floats(BIAS)),
        Matrix.empty(),
        Matrix.empty(),
        gate,
        candidate,
        output,
        false,
        NO_CLIP);
  }

  private static Matrix column(double[] values) {
    return Matrix.of(values.length, 1, floats(values));
  }

  private static float[] floats(double[] values) {
    float[] narrow = new float[values.length];
    for (int k = 0; k < values.length; k++) {
      narrow[k] = (float) values[k];
    }
    return narrow;
  }

  private static GraphBuilder.LstmOutputs lstm(GraphBuilder g, Cell cell, Value x) {
    return g.lstm(
        "lstm",
        Layouts.TIME_FIRST,
        List.of(new Lstm.Direction(false, cell)),
        x,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  /** y and final c of one sequence of one feature that begins with this c. */
  private static Map<String, float[]> run(String device, Cell cell, double[] x, double[] c0) {
    GraphBuilder g = new GraphBuilder();
    Value input = g.input("x", Tensor.Type.FLOAT32, Shape.of(x.length, 1, 1));
    Value state = g.input("c0", Tensor.Type.FLOAT32, Shape.of(1, 1, c0.length));
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "lstm",
            Layouts.TIME_FIRST,
            List.of(new Lstm.Direction(false, cell)),
            input,
            Optional.empty(),
            Optional.empty(),
            Optional.of(state));
    Graph graph =
        g.output("y", out.y()).output("c", out.finalC()).build("notation", "made by hand");
    try (Session session = graph.open(new Options(device, 1))) {
      Map<String, Tensor> results =
          session.run(
              Map.of(
                  "x", Tensor.of(floats(x), x.length, 1, 1),
                  "c0", Tensor.of(floats(c0), 1, 1, c0.length)));
      return Map.of(
          "y", Objects.requireNonNull(results.get("y")).toFloatArray(),
          "c", Objects.requireNonNull(results.get("c")).toFloatArray());
    }
  }
}
