package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Dim;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The gates of every device against those of the reference, and against their own definition. */
class TraceTest {
  /**
   * Of the larger part of a cell state: kernels of the CPU never round the gates that they show.
   */
  private static final double CELL_ULPS = 8;

  static Stream<String> devices() {
    return Stream.concat(Stream.of("cpu:scalar"), Devices.usable().stream().map(Device::id));
  }

  static Stream<Arguments> casesOnDevices() {
    return Devices.usable().stream()
        .flatMap(
            device ->
                Cases.all().stream()
                    .filter(c -> c.graph().lstms().findAny().isPresent())
                    .map(c -> Arguments.of(device.id(), c)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("casesOnDevices")
  void agreesWithReference(String device, Cases.Case c) {
    Trace expected;
    try (Session session = c.graph().open(new Options("cpu:scalar", 1))) {
      expected = session.trace(c.inputs());
    }
    Trace actual;
    try (Session session = c.graph().open(new Options(device, 2))) {
      actual = session.trace(c.inputs());
    }
    assertEquals(expected.layers().size(), actual.layers().size());
    Tolerance tolerance = Tolerance.of(c.graph(), c.sizes());
    for (int k = 0; k < actual.layers().size(); k++) {
      Trace.Layer layer = actual.layers().get(k);
      for (Map.Entry<String, Tensor> array : expected.layers().get(k).arrays().entrySet()) {
        Tensor tensor = layer.arrays().get(array.getKey());
        assertArrayEquals(array.getValue().shape(), tensor.shape());
        Tolerance.Worst worst = tolerance.check(doubles(array.getValue()), tensor.toFloatArray());
        assertTrue(
            worst.passes(), () -> device + ", " + c + ", " + layer + " " + array + ": " + worst);
      }
    }
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("casesOnDevices")
  void outputsHaveTheSameBitsTracedOrNot(String device, Cases.Case c) {
    try (Session session = c.graph().open(new Options(device, 2))) {
      Map<String, Tensor> before = session.run(c.inputs());
      Map<String, Tensor> traced = session.trace(c.inputs()).outputs();
      Map<String, Tensor> after = session.run(c.inputs());
      assertEquals(List.copyOf(before.keySet()), List.copyOf(traced.keySet()));
      for (String name : before.keySet()) {
        assertEquals(before.get(name).bytes(), traced.get(name).bytes(), name);
        assertEquals(before.get(name).bytes(), after.get(name).bytes(), name);
      }
    }
  }

  static Stream<Arguments> plainCasesOnDevices() {
    return casesOnDevices()
        .filter(
            arguments ->
                ((Cases.Case) arguments.get()[1])
                    .graph()
                    .lstms()
                    .allMatch(lstm -> lstm.directions().get(0).cell().norm().isEmpty()));
  }

  /**
   * c[t] = f[t]*c[t-1] + i[t]*g[t], whichever way the layer runs: rounded as OpenCL devices do, and
   * nearly so on the CPU.
   */
  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("plainCasesOnDevices")
  void cellFollowsFromGates(String device, Cases.Case c) {
    try (Session session = c.graph().open(new Options(device, 2))) {
      for (Trace.Layer layer : session.trace(c.inputs()).layers()) {
        int steps = layer.c().dimension(0);
        int row = layer.c().size() / steps;
        for (int e = 0; e < layer.c().size(); e++) {
          int before = layer.reverse() ? e + row : e - row;
          boolean first = before < 0 || before >= layer.c().size();
          if (!first && layer.c().floats().get(before) != 0 && at(layer.o(), e) != 0) {
            float kept = at(layer.f(), e) * at(layer.c(), before);
            float added = at(layer.i(), e) * at(layer.g(), e);
            float now = Math.fma(at(layer.f(), e), at(layer.c(), before), added);
            if (device.equals("cpu")) {
              double most = CELL_ULPS * Math.ulp(1f) * Math.max(Math.abs(kept), Math.abs(added));
              assertEquals(now, at(layer.c(), e), most, () -> c + " " + layer);
            } else {
              assertEquals(now, at(layer.c(), e), () -> c + " " + layer);
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void zerosPastTheEndAndNowhereElse(String device) {
    int[] lengths = {2, 5, 0, 4};
    Graph graph = bidirectional(3);
    float[] values = new float[20];
    for (int k = 0; k < values.length; k++) {
      values[k] = k + 1;
    }
    Tensor x = Tensor.of(values, 5, 4, 1);
    try (Session session = graph.open(new Options(device, 2))) {
      Trace trace = session.trace(Map.of("x", x, "lengths", Tensor.of(lengths, 4)));
      assertEquals(
          List.of("forward", "reverse"),
          trace.layers().stream().map(Trace.Layer::direction).toList());
      for (Trace.Layer layer : trace.layers()) {
        for (Tensor array : layer.arrays().values()) {
          assertArrayEquals(new int[] {5, 4, 3}, array.shape());
          for (int e = 0; e < array.size(); e++) {
            boolean past = e / 12 >= lengths[e / 3 % 4];
            assertEquals(past, array.floats().get(e) == 0, layer + " at " + e);
          }
        }
      }
    }
  }

  /**
   * The worked example of a cell without a function on its way out: c = [0.7, 0.3] and output gates
   * [0.4, 0.6] give h = [0.28, 0.18].
   */
  @ParameterizedTest
  @MethodSource("devices")
  void workedExample(String device) {
    float open = 20;
    float[] bias = {-open, -open, open, open, 0, 0, logit(0.4), logit(0.6)};
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(1, 1, 1));
    Value c = g.input("c", Tensor.Type.FLOAT32, Shape.of(1, 1, 2));
    Cell cell =
        new Cell(
            Matrix.zeros(8, 1),
            Matrix.zeros(8, 2),
            Matrix.row(bias),
            Matrix.empty(),
            Matrix.empty(),
            ActivationFunction.SIGMOID,
            ActivationFunction.TANH,
            ActivationFunction.IDENTITY,
            false,
            Float.POSITIVE_INFINITY);
    g.output(
        "y",
        g.lstm(
                "lstm",
                Layouts.ONNX,
                List.of(new Lstm.Direction(false, cell)),
                x,
                Optional.empty(),
                Optional.empty(),
                Optional.of(c))
            .y());
    try (Session session = g.build("worked", "by hand").open(new Options(device, 1))) {
      Trace trace =
          session.trace(
              Map.of(
                  "x", Tensor.of(new float[] {1}, 1, 1, 1),
                  "c", Tensor.of(new float[] {0.7f, 0.3f}, 1, 1, 2)));
      Trace.Layer layer = trace.layers().get(0);
      assertEquals("lstm", layer.name());
      assertArrayEquals(new float[] {0, 0}, layer.i().toFloatArray(), 1e-7f);
      assertArrayEquals(new float[] {1, 1}, layer.f().toFloatArray(), 1e-7f);
      assertArrayEquals(new float[] {0, 0}, layer.g().toFloatArray());
      assertArrayEquals(new float[] {0.4f, 0.6f}, layer.o().toFloatArray(), 1e-6f);
      assertArrayEquals(new float[] {0.7f, 0.3f}, layer.c().toFloatArray(), 1e-6f);
      assertArrayEquals(new float[] {0.28f, 0.18f}, layer.h().toFloatArray(), 1e-6f);
      assertArrayEquals(layer.h().toFloatArray(), trace.outputs().get("y").toFloatArray());
    }
  }

  private static float logit(double p) {
    return (float) Math.log(p / (1 - p));
  }

  private static float at(Tensor tensor, int e) {
    return tensor.floats().get(e);
  }

  private static double[] doubles(Tensor tensor) {
    double[] values = new double[tensor.size()];
    FloatBuffer floats = tensor.floats();
    for (int k = 0; k < values.length; k++) {
      values[k] = floats.get(k);
    }
    return values;
  }

  private static Graph bidirectional(int hidden) {
    GraphBuilder g = new GraphBuilder();
    Dim time = Dim.symbol("t");
    Dim batch = Dim.symbol("b");
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(time, batch, Dim.of(1)));
    Value lengths = g.input("lengths", Tensor.Type.INT32, Shape.of(batch));
    float[] input = new float[4 * hidden];
    for (int k = 0; k < input.length; k++) {
      input[k] = 0.01f * (k + 1);
    }
    Cell cell =
        Cell.of(
            Matrix.of(4 * hidden, 1, input),
            Matrix.zeros(4 * hidden, hidden),
            Matrix.zeros(1, 4 * hidden));
    g.output(
        "y",
        g.lstm(
                "lstm",
                Layouts.TIME_FIRST,
                List.of(new Lstm.Direction(false, cell), new Lstm.Direction(true, cell)),
                x,
                Optional.of(lengths),
                Optional.empty(),
                Optional.empty())
            .y());
    return g.build("lengths", "by hand");
  }
}
