package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Dim;
import dev.lethe.Precision;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import dev.lethe.backend.Tolerance;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Stacked layers in the same launches: the bits of one layer after the other, whatever the kernel
 * and the chunk, on every OpenCL device.
 */
class WavefrontTest {
  private static final ProductTile PRODUCT = new ProductTile(4, 16, 4, 2, 16);
  private static final StepTile STEP = new StepTile(8, 3, 3, 8);
  private static final int INPUT = 5;
  private static final int HIDDEN = 11;

  /** A stack of layers and a batch for it. */
  private record Stack(
      int layers,
      int steps,
      int batch,
      int hidden,
      Layouts layouts,
      boolean reverse,
      boolean full) {
    static final Stack RAGGED = new Stack(2, 10, 13, HIDDEN, Layouts.TIME_FIRST, false, false);
    static final List<Stack> SMALL =
        List.of(
            new Stack(2, 5, 3, 9, Layouts.TIME_FIRST, true, false),
            new Stack(3, 4, 1, 5, Layouts.BATCH_FIRST, false, true));
    static final List<Stack> ALL =
        List.of(
            RAGGED,
            new Stack(2, 3, 6, 37, Layouts.BATCH_FIRST, true, false),
            new Stack(3, 9, 1, 16, Layouts.ONNX, false, true),
            new Stack(4, 8, 33, 7, Layouts.ONNX_BATCH_MAJOR, true, false));

    static List<Stack> all() {
      return Cases.SMALL ? SMALL : ALL;
    }

    /** Lengths and initial states where not {@code full}; every value that a layer writes. */
    Cases.Case network() {
      Random random = new Random(layers * 100L + steps);
      GraphBuilder g = new GraphBuilder();
      Dim time = Dim.symbol("t");
      Dim count = Dim.symbol("b");
      boolean timeMajor = layouts.x() == Lstm.SequenceLayout.TIME_MAJOR;
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      Value below =
          g.input(
              "x",
              Tensor.Type.FLOAT32,
              timeMajor
                  ? Shape.of(time, count, Dim.of(INPUT))
                  : Shape.of(count, time, Dim.of(INPUT)));
      inputs.put(
          "x",
          timeMajor
              ? Cases.floats(random, steps, batch, INPUT)
              : Cases.floats(random, batch, steps, INPUT));
      Optional<Value> lengths = Optional.empty();
      if (!full) {
        lengths = Optional.of(g.input("lengths", Tensor.Type.INT32, Shape.of(count)));
        int[] each = random.ints(batch, 0, steps + 1).toArray();
        inputs.put("lengths", Tensor.of(each, batch));
      }
      for (int layer = 0; layer < layers; layer++) {
        Shape state = Lstm.stateShape(layouts.state(), 1, count, hidden);
        Optional<Value> h0 = Optional.empty();
        Optional<Value> c0 = Optional.empty();
        if (!full) {
          int[] shape = state.dim(0).equals(count) ? new int[] {batch, 1} : new int[] {1, batch};
          h0 = Optional.of(g.input("h0" + layer, Tensor.Type.FLOAT32, state));
          c0 = Optional.of(g.input("c0" + layer, Tensor.Type.FLOAT32, state));
          inputs.put("h0" + layer, Cases.floats(random, shape[0], shape[1], hidden));
          inputs.put("c0" + layer, Cases.floats(random, shape[0], shape[1], hidden));
        }
        int input = layer == 0 ? INPUT : hidden;
        List<Lstm.Direction> direction =
            List.of(new Lstm.Direction(reverse, Cases.cell(random, hidden, input)));
        GraphBuilder.LstmOutputs out =
            g.lstm("lstm" + layer, layouts, direction, below, lengths, h0, c0);
        g.output("y" + layer, out.y()).output("h" + layer, out.finalH());
        g.output("c" + layer, out.finalC());
        Shape x =
            timeMajor
                ? Shape.of(time, count, Dim.of(hidden))
                : Shape.of(count, time, Dim.of(hidden));
        below = g.reshape("x" + (layer + 1), out.y(), x);
      }
      return new Cases.Case(toString(), g.build(toString(), "made by hand"), inputs);
    }
  }

  private static OpenClPlan plan(
      Precision precision, int mostHidden, PersistentPlan persistent, List<MatrixStepTile> matrix) {
    return new OpenClPlan(
        List.of(PRODUCT),
        List.of(STEP),
        mostHidden > 0 ? List.of(new SequenceTile(8, 4, mostHidden)) : List.<SequenceTile>of(),
        persistent,
        precision,
        matrix,
        16,
        64,
        1 << 20,
        Integer.MAX_VALUE,
        0,
        TunedLayers.NONE);
  }

  private static PersistentPlan persistent(int groups, PersistentPlan.Shape shape) {
    return new PersistentPlan(groups, false, 1000, false, 0, 32 << 10, List.of(shape));
  }

  /** Kernel by kernel, the plan that has no other for these networks. */
  private static Map<String, OpenClPlan> plans(Precision precision, boolean matrix) {
    Map<String, OpenClPlan> plans = new TreeMap<>();
    PersistentPlan oneStep = persistent(50, new PersistentPlan.Shape(8, 3));
    if (matrix) {
      List<MatrixStepTile> tile = List.of(new MatrixStepTile(2, 1));
      plans.put("lstm_matrix_step", plan(precision, 0, PersistentPlan.NONE, tile));
      plans.put("lstm_matrix", plan(precision, 0, oneStep, tile));
      return plans;
    }
    plans.put("lstm_step", plan(precision, 0, PersistentPlan.NONE, List.of()));
    plans.put("lstm_sequence", plan(precision, 40, PersistentPlan.NONE, List.of()));
    plans.put("lstm_persistent", plan(precision, 0, oneStep, List.of()));
    // all steps in one launch, since a group has no other to wait for
    PersistentPlan alone = persistent(2, new PersistentPlan.Shape(40, 1));
    plans.put("lstm_persistent ", plan(precision, 0, alone, List.of()));
    return plans;
  }

  /** With chunks of so many steps as if that had been measured, at these batches. */
  private static OpenClPlan withLag(OpenClPlan plan, int lag, int hidden, int... batches) {
    TunedLayers tuned = TunedLayers.NONE;
    for (int batch : batches) {
      LayerSizes lower = new LayerSizes(10, batch, INPUT, hidden, 1);
      Recurrence kernel = plan.stacked(lower).get(0);
      tuned =
          tuned.with(
              new TunedLayers.Pair(
                  lower, plan.precision(), lag, kernel.kernel(), kernel.numbers(), 1));
    }
    return plan.withTuned(tuned);
  }

  private static OpenClPlan withLag(OpenClPlan plan, int lag, Stack stack) {
    return withLag(plan, lag, stack.hidden(), stack.batch());
  }

  private static List<Discovery.Found> devices() {
    List<Discovery.Found> devices = Discovery.run().found();
    assumeTrue(!devices.isEmpty(), "no OpenCL device");
    return devices;
  }

  private static OpenClSession open(Cases.Case c, Discovery.Found found, OpenClPlan plan) {
    return OpenClSession.open(c.graph(), found, plan, ProgramCache.inUserFolder(), "");
  }

  private static Map<String, float[]> numbers(Map<String, Tensor> outputs) {
    Map<String, float[]> numbers = new TreeMap<>();
    outputs.forEach((name, tensor) -> numbers.put(name, tensor.toFloatArray()));
    return numbers;
  }

  private static void same(
      Map<String, float[]> expected, Map<String, float[]> actual, String what) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((name, y) -> assertArrayEquals(y, actual.get(name), what + ", " + name));
  }

  private static void check(
      Precision precision, boolean matrix, List<Stack> stacks, List<Integer> lags) {
    Map<String, OpenClPlan> plans = plans(precision, matrix);
    for (Discovery.Found found : devices()) {
      boolean slow = found.facts().limitsLoops(); // to compile
      for (Stack stack : slow ? stacks.subList(0, 1) : stacks) {
        Cases.Case c = stack.network();
        Map<String, float[]> expected;
        try (OpenClSession session = open(c, found, plans.values().iterator().next())) {
          expected = numbers(session.run(c.inputs()));
          assertTrue(session.kernels().stream().noneMatch(k -> k.contains("wavefront")));
        }
        Map<String, double[]> exact = ScalarSession.outputs(c.graph(), c.inputs());
        Tolerance tolerance = Tolerance.of(c.graph(), c.sizes(), precision);
        expected.forEach(
            (name, y) -> {
              Tolerance.Worst worst = tolerance.check(exact.get(name), y);
              assertTrue(worst.passes(), () -> stack + ", " + name + ": " + worst);
            });
        plans.forEach(
            (kernel, plan) -> {
              for (int lag : lags) {
                String what = found.device().id() + ", " + stack + ", " + kernel + ", " + lag;
                try (OpenClSession session = open(c, found, withLag(plan, lag, stack))) {
                  same(expected, numbers(session.run(c.inputs())), what);
                  same(expected, numbers(session.run(c.inputs())), what + ", again");
                  wavefronts(stack, session.kernels(), kernel, lag);
                  assertTrue(session.persistentUsable(), what);
                }
              }
            });
      }
    }
  }

  /** Layers in pairs, where there is more than a chunk; one that is left over runs alone. */
  private static void wavefronts(Stack stack, List<String> kernels, String kernel, int lag) {
    assertEquals(stack.layers(), kernels.size());
    for (int layer = 0; layer < stack.layers(); layer++) {
      String used = kernels.get(layer);
      boolean paired = layer / 2 * 2 + 1 < stack.layers() && lag < stack.steps();
      assertTrue(used.startsWith(kernel.strip() + " "), used);
      assertEquals(paired, used.endsWith(", wavefront of " + lag + " steps, tuned"), used);
    }
  }

  @Test
  void theBitsOfOneLayerAfterTheOther() {
    check(Precision.FP32, false, Stack.all(), List.of(2, 4));
  }

  @Test
  void theBitsOfOneLayerAfterTheOtherOfRoundedNumbers() {
    check(Precision.BF16, false, Stack.all().subList(0, 1), List.of(4));
  }

  @Test
  void theBitsOfOneLayerAfterTheOtherOnMatrixUnits() {
    check(Precision.FP16, true, Stack.all(), List.of(2, 4));
  }

  @Test
  void launchesAreThoseOfTheCostModel() {
    Stack stack = new Stack(2, 9, 4, HIDDEN, Layouts.TIME_FIRST, false, true);
    LayerSizes lower = new LayerSizes(9, 4, INPUT, HIDDEN, 1);
    LayerSizes upper = new LayerSizes(9, 4, HIDDEN, HIDDEN, 1);
    Cases.Case c = stack.network();
    for (Discovery.Found found : devices()) {
      for (String kernel : List.of("lstm_step", "lstm_sequence", "lstm_persistent ")) {
        for (int lag : new int[] {2, 4, 8}) {
          OpenClPlan plan = withLag(plans(Precision.FP32, false).get(kernel), lag, stack);
          Wavefront wavefront = Wavefront.of(plan, lower, upper).orElseThrow();
          CostModel.Cost cost = new CostModel(plan).wavefront(lower, upper, wavefront);
          try (OpenClSession session = open(c, found, plan)) {
            long launches = session.time(c.inputs(), Map.of()).launches();
            assertEquals(cost.launches(), launches, kernel + ", " + lag);
          }
        }
      }
    }
  }

  @Test
  void aTraceIsOfOneLayerAfterTheOther() {
    Cases.Case c = Stack.RAGGED.network();
    for (Discovery.Found found : devices()) {
      OpenClPlan plan = withLag(plans(Precision.FP32, false).get("lstm_step"), 4, Stack.RAGGED);
      try (OpenClSession session = open(c, found, plan)) {
        Map<String, float[]> expected = numbers(session.run(c.inputs()));
        same(expected, numbers(session.trace(c.inputs()).outputs()), "traced");
        same(expected, numbers(session.run(c.inputs())), "after the trace");
      }
    }
  }

  /** Sizes that change from run to run, as a session's do. */
  @Test
  void otherSizesInOneSession() {
    for (Discovery.Found found : devices()) {
      OpenClPlan plan = plans(Precision.FP32, false).get("lstm_sequence");
      Cases.Case first = Stack.RAGGED.network();
      try (OpenClSession session = open(first, found, withLag(plan, 4, HIDDEN, 1, 13, 40));
          OpenClSession apart = open(first, found, plan)) {
        for (int steps : new int[] {3, 17, 4, 1}) {
          for (int batch : new int[] {1, 40}) {
            Map<String, Tensor> inputs =
                new Stack(2, steps, batch, HIDDEN, Layouts.TIME_FIRST, false, false)
                    .network()
                    .inputs();
            same(
                numbers(apart.run(inputs)),
                numbers(session.run(inputs)),
                steps + " steps of " + batch);
          }
        }
      }
    }
  }

  /** More groups than a processor runs at once wait for each other: none of them can go on. */
  @Test
  void groupsThatDoNotMeetCostTheirLaunchAndNoResult() {
    List<Discovery.Found> devices =
        devices().stream()
            .filter(found -> found.facts().cpu() && !found.facts().limitsLoops())
            // which rightly reports that such groups race
            .filter(found -> !found.facts().platform().contains("Oclgrind"))
            .toList();
    assumeTrue(!devices.isEmpty(), "no OpenCL device that runs groups one after another");
    Cases.Case c = Stack.RAGGED.network();
    PersistentPlan waiting =
        new PersistentPlan(
            24,
            true,
            50_000,
            false,
            0,
            16 << 10,
            List.of(new PersistentPlan.Shape(1, 1))); // 11 groups for each layer
    for (Discovery.Found found : devices) {
      OpenClPlan apart = plans(Precision.FP32, false).get("lstm_step");
      OpenClPlan plan = withLag(apart.withPersistent(waiting), 4, Stack.RAGGED);
      try (OpenClSession session = open(c, found, plan);
          OpenClSession other = open(c, found, apart)) {
        Map<String, float[]> expected = numbers(other.run(c.inputs()));
        assertTrue(session.persistentUsable());
        same(expected, numbers(session.run(c.inputs())), "at first");
        assertFalse(session.persistentUsable());
        same(expected, numbers(session.run(c.inputs())), "from then on");
        session.kernels().forEach(k -> assertTrue(k.startsWith("lstm_step "), k));
      }
    }
  }

  /** A decoder that starts where the encoder below it ended must wait for that end. */
  @Test
  void aLayerThatBeginsWithTheOthersEndRunsAfterIt() {
    Random random = new Random(41);
    GraphBuilder g = new GraphBuilder();
    Value x =
        g.input(
            "x", Tensor.Type.FLOAT32, Shape.of(Dim.symbol("t"), Dim.symbol("b"), Dim.of(INPUT)));
    GraphBuilder.LstmOutputs lower = layer(g, random, "lower", INPUT, false, x, Optional.empty());
    GraphBuilder.LstmOutputs upper =
        layer(g, random, "upper", 7, false, lower.y(), Optional.of(lower.finalC()));
    GraphBuilder.LstmOutputs back = layer(g, random, "back", 7, true, upper.y(), Optional.empty());
    g.output("y", upper.y()).output("z", back.y());
    Graph graph = g.build("dependent", "made by hand");
    Cases.Case c =
        new Cases.Case("dependent", graph, Map.of("x", Cases.floats(random, 6, 3, INPUT)));
    for (Discovery.Found found : devices()) {
      OpenClPlan plan = plans(Precision.FP32, false).get("lstm_sequence");
      try (OpenClSession session = open(c, found, withLag(plan, 2, 7, 3));
          OpenClSession apart = open(c, found, plan)) {
        same(numbers(apart.run(c.inputs())), numbers(session.run(c.inputs())), "dependent");
        assertEquals(apart.kernels(), session.kernels());
      }
    }
  }

  private static GraphBuilder.LstmOutputs layer(
      GraphBuilder g,
      Random random,
      String name,
      int input,
      boolean reverse,
      Value x,
      Optional<Value> h0) {
    List<Lstm.Direction> direction =
        List.of(new Lstm.Direction(reverse, Cases.cell(random, 7, input)));
    return g.lstm(name, Layouts.TIME_FIRST, direction, x, Optional.empty(), h0, Optional.empty());
  }
}
