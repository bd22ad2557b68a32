package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Device;
import dev.lethe.Dim;
import dev.lethe.Options;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import dev.lethe.backend.Float16;
import dev.lethe.backend.Tolerance;
import dev.lethe.importer.HalfPrecision;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights kept in fewer bits: every network, both kinds of kernels, every number. */
class NarrowWeightsTest {
  private static final Device CPU = new CpuBackend().devices().get(0);

  private static Stream<Arguments> narrow() {
    return Stream.of(Precision.BF16, Precision.FP16, Precision.INT8)
        .flatMap(
            precision ->
                Stream.concat(Cases.wide().stream(), Cases.all().stream())
                    .map(c -> Arguments.of(precision, c)));
  }

  @ParameterizedTest
  @MethodSource("narrow")
  void weightsAreRoundedAndNothingElse(Precision precision, Cases.Case c) {
    Map<String, Tensor> narrow = run(c, CpuKernels.get(), 2, precision);
    assertSame(narrow, run(c, CpuKernels.plain(), 1, precision), c);
    check(c, narrow, Precision.FP32, precision);
  }

  /** What the weights in int8 cost is in the weights: the arithmetic is that of fp32. */
  @ParameterizedTest
  @MethodSource("int8")
  void int8IsSinglePrecisionOverTheWeightsThatItStandsFor(Cases.Case c) {
    Map<String, Tensor> narrow = run(c, CpuKernels.get(), 2, Precision.INT8);
    check(c, narrow, Precision.INT8, Precision.FP32);
    Options options = new Options("cpu:scalar", 1, Precision.INT8);
    try (Session reference = c.graph().open(options)) {
      check(c, reference.run(c.inputs()), Precision.INT8, Precision.FP32);
    }
  }

  private static Stream<Cases.Case> int8() {
    return Stream.concat(Cases.wide().stream(), Cases.all().stream());
  }

  /** A batch is widened before it is multiplied, a single sequence while it is. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"BF16", "FP16", "INT8"})
  void aSequenceHasTheSameBitsAloneAndInABatch(Precision precision) {
    Cases.Case c = Cases.wide().get(0);
    Tensor x = c.inputs().get("x");
    int steps = x.shape()[0];
    int features = x.shape()[2];
    int sequences = 67;
    Tensor batch = Tensor.allocate(Tensor.Type.FLOAT32, steps, sequences, features);
    for (int k = 0; k < batch.size(); k++) {
      int column = k % (sequences * features);
      float value = x.floats().get(k / (sequences * features) * features + column % features);
      batch.floats().put(k, value * (1 + column / features));
    }
    int[] alone = bits(run(c, CpuKernels.get(), 1, precision).get("y"));
    try (Session session = new CpuSession(c.graph(), CPU, "", CpuKernels.get(), 1, precision)) {
      int[] all = bits(session.run(Map.of("x", batch)).get("y"));
      int width = alone.length / steps;
      for (int k = 0; k < alone.length; k++) {
        assertEquals(alone[k], all[k / width * sequences * width + k % width]);
      }
    }
  }

  /** Over a few steps, small weights are widened once, and else in each step. */
  @ParameterizedTest
  @MethodSource("single")
  void aSequenceBeginsWithTheSameBitsHoweverLongItIs(Precision precision, Cases.Case c) {
    Tensor x = c.inputs().get("x");
    float[] all = x.toFloatArray();
    float[] y = run(c, CpuKernels.get(), 1, precision).get("y").toFloatArray();
    for (int steps = 1; steps < x.shape()[0]; steps++) {
      float[] first = Arrays.copyOf(all, all.length / x.shape()[0] * steps);
      Map<String, Tensor> inputs = Map.of("x", Tensor.of(first, steps, 1, x.shape()[2]));
      for (int threads = 1; threads <= 2; threads++) {
        try (Session session =
            new CpuSession(c.graph(), CPU, "", CpuKernels.get(), threads, precision)) {
          float[] begun = session.run(inputs).get("y").toFloatArray();
          assertArrayEquals(Arrays.copyOf(y, begun.length), begun);
        }
      }
    }
  }

  private static Stream<Arguments> single() {
    return narrow().filter(a -> a.get()[1].toString().matches("T5 B1 I3 H[0-9]+"));
  }

  /**
   * @param weights that the reference computes with
   * @param tolerance whose bounds hold
   */
  private static void check(
      Cases.Case c, Map<String, Tensor> actual, Precision weights, Precision tolerance) {
    Map<String, double[]> exact = ScalarSession.outputs(c.graph(), c.inputs(), weights);
    Tolerance bounds = Tolerance.of(c.graph(), c.sizes(), tolerance);
    actual.forEach(
        (name, tensor) -> {
          if (tensor.type() == Tensor.Type.FLOAT32) {
            double[] expected = Objects.requireNonNull(exact.get(name), name);
            Tolerance.Worst worst = bounds.check(expected, tensor.toFloatArray());
            assertTrue(worst.passes(), () -> c + ", " + name + ": " + worst);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("dev.lethe.backend.Cases#wide")
  void eachPrecisionHasBitsOfItsOwn(Cases.Case c) {
    List<int[]> outputs =
        Stream.of(Precision.values())
            .filter(CPU::computes)
            .map(precision -> bits(run(c, CpuKernels.get(), 1, precision).get("y")))
            .toList();
    for (int k = 0; k < outputs.size(); k++) {
      for (int[] other : outputs.subList(0, k)) {
        assertFalse(Arrays.equals(outputs.get(k), other));
      }
    }
  }

  @Test
  void everyNumberOfFp16UpTo128IsWidenedExactly() {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
    Kernels kernels = CpuKernels.get();
    int width = Cell.GATES * kernels.units(1);
    int count = 44 * 1024;
    List<Float> numbers =
        IntStream.range(0, 1 << 16)
            .mapToObj(k -> HalfPrecision.fromFloat16((short) k))
            .filter(number -> Math.abs(number) < 128)
            .toList();
    assertEquals(count, numbers.size());
    Packed.Source source = (k, block, column) -> numbers.get((block * width + column) % count);
    int blocks = (count + width - 1) / width;
    Packed weights = kernels.packNarrow(Precision.FP16, 1, blocks, width, source);
    assertEquals(Precision.FP16, weights.precision());
    Rows one = kernels.rows(2, 1);
    one.of[0][one.at[0]] = 1;
    float[] z = new float[2 * width];
    for (int rows = 1; rows <= 2; rows++) {
      for (int block = 0; block < blocks; block++) {
        kernels.product(weights, block, block, rows, one, 0, new float[width], 0, 0, z, 0);
        for (int column = 0; column < width; column++) {
          assertEquals(source.at(0, block, column) + 0f, z[column]);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"127.9375, FP16", "-127.9375, FP16", "128, FP32", "-65504, FP32", "NaN, FP32"})
  void aMatrixWithALargerOneIsKeptInSinglePrecision(float largest, Precision kept) {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
    Kernels kernels = CpuKernels.get();
    int width = Cell.GATES * kernels.units(1);
    Packed.Source source = (k, block, column) -> k == 1 && column == 2 ? largest : 1;
    assertEquals(kept, kernels.packNarrow(Precision.FP16, 2, 1, width, source).precision());
  }

  @Test
  void everyNumberOfFp16HasItsBits() {
    for (int k = 0; k < 1 << 16; k++) {
      float value = HalfPrecision.fromFloat16((short) k);
      assertEquals(
          Float.isNaN(value) ? k & 0x8000 | 0x7e00 : k, Float16.bits(value), "of " + value);
      assertEquals(value, Precision.FP16.round(value));
    }
  }

  /** A weight beyond fp16's 65504 is infinite, in all kernels, and not some number near it. */
  @ParameterizedTest
  @ValueSource(floats = {1e6f, -65520, Float.NaN})
  void aWeightThatFp16CannotHoldIsInfinite(float weight) {
    Map<String, Tensor> inputs =
        Map.of("x", Tensor.of(new float[] {1e-6f, 0.25f, -1e-6f, 1}, 2, 1, 2));
    float infinite = Precision.FP16.round(weight);
    assertFalse(Float.isFinite(infinite));
    double[] expected = ScalarSession.outputs(network(infinite), inputs).get("y");
    for (Kernels kernels : List.of(CpuKernels.get(), CpuKernels.plain())) {
      try (Session session = new CpuSession(network(weight), CPU, "", kernels, 1, Precision.FP16)) {
        float[] y = session.run(inputs).get("y").toFloatArray();
        for (int k = 0; k < y.length; k++) {
          assertEquals(expected[k], y[k], 1e-6);
        }
      }
    }
  }

  /** Of one unit with the weight from the first feature to the input gate. */
  private static Graph network(float weight) {
    GraphBuilder g = new GraphBuilder();
    Dim time = Dim.symbol("time");
    Dim batch = Dim.symbol("batch");
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "lstm",
            GraphBuilder.Layouts.TIME_FIRST,
            List.of(
                new Lstm.Direction(
                    false,
                    Cell.of(
                        Matrix.of(4, 2, new float[] {weight, 1, 1, 1, 1, 1, 1, 1}),
                        Matrix.zeros(4, 1),
                        Matrix.zeros(1, 4)))),
            g.input("x", Tensor.Type.FLOAT32, Shape.of(time, batch, Dim.of(2))),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    g.output("y", out.y());
    return g.build("one unit", "made by hand");
  }

  private static void assertSame(
      Map<String, Tensor> expected, Map<String, Tensor> actual, Cases.Case c) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach(
        (name, tensor) ->
            assertArrayEquals(bits(tensor), bits(actual.get(name)), () -> c + ", " + name));
  }

  private static int[] bits(Tensor tensor) {
    int[] bits = new int[tensor.size()];
    tensor.bytes().asIntBuffer().get(bits);
    return bits;
  }

  private static Map<String, Tensor> run(
      Cases.Case c, Kernels kernels, int threads, Precision precision) {
    try (Session session = new CpuSession(c.graph(), CPU, "", kernels, threads, precision)) {
      return session.run(c.inputs());
    }
  }
}
