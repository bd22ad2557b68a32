package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import dev.lethe.backend.Tolerance;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Products of rounded numbers, one by one and on matrix units, on every OpenCL device. */
class PrecisionTest {
  private static final List<String> NAMES =
      List.of(
          "T1 B1 I1 H1",
          "T4 B7 I17 H16",
          "T2 B33 I31 H7",
          "T3 B13 I33 H40",
          "T7 B5 I3 H65",
          "projected",
          "batch first, both directions",
          "peepholes, coupled, clip, both directions",
          "normalized, both ways",
          "three layers, both directions",
          "embedding, dense, softmax");

  private static List<Cases.Case> cases() {
    return Cases.all().stream().filter(c -> NAMES.contains(c.toString())).toList();
  }

  private static List<OpenClPlan> plans(Precision precision, long localBytes) {
    ProductTile product = new ProductTile(4, 16, 4, 2, 16);
    StepTile step = new StepTile(16, 4, 2, 16);
    List<OpenClPlan> plans = new ArrayList<>();
    // a launch a step; all steps in one by one group; weights kept; matrix units as if there were
    for (int hidden : new int[] {0, 256}) {
      SequenceTile sequence = new SequenceTile(16, 4, hidden);
      plans.add(plan(product, step, sequence, PersistentPlan.NONE, precision, List.of()));
    }
    SequenceTile none = new SequenceTile(16, 4, 0);
    PersistentPlan kept =
        new PersistentPlan(
            50, false, 1000, false, 0, localBytes, List.of(new PersistentPlan.Shape(8, 3)));
    plans.add(plan(product, step, none, kept, precision, List.of()));
    if (precision == Precision.INT8) {
      return plans;
    }
    // matrix units: weights kept, then a launch a step; one tile for each precision, since what
    // stands in for matrix units takes long to compile
    MatrixStepTile tile =
        switch (precision) {
          case TF32 -> new MatrixStepTile(1, 1);
          case BF16 -> new MatrixStepTile(2, 3);
          default -> new MatrixStepTile(4, 2);
        };
    plans.add(plan(product, step, none, kept, precision, List.of(tile)));
    plans.add(plan(product, step, none, PersistentPlan.NONE, precision, List.of(tile)));
    return plans;
  }

  private static OpenClPlan plan(
      ProductTile product,
      StepTile step,
      SequenceTile sequence,
      PersistentPlan persistent,
      Precision precision,
      List<MatrixStepTile> matrix) {
    return new OpenClPlan(
        List.of(product),
        List.of(step),
        List.of(sequence),
        persistent,
        precision,
        matrix,
        16,
        64,
        1,
        Integer.MAX_VALUE,
        0,
        TunedLayers.NONE);
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"TF32", "BF16", "FP16", "INT8"})
  void staysWithinItsToleranceAndVariantsStayTogether(Precision precision) {
    List<Discovery.Found> devices = Discovery.run().found();
    assumeTrue(!devices.isEmpty(), "no OpenCL device");
    assertEquals(NAMES.size(), cases().size());
    for (Discovery.Found found : devices) {
      List<OpenClPlan> plans = plans(precision, found.facts().localBytes());
      assertTrue(
          !plans
              .get(2)
              .persistent()
              .cuts(new LayerSizes(1, 1, 1, 40, 1), precision != Precision.INT8, precision)
              .isEmpty());
      // llvmpipe takes minutes to compile what stands in for matrix units, Oclgrind to run it
      boolean slow = found.facts().limitsLoops() || "1".equals(System.getenv("LETHE_SMALL_SIZES"));
      int count = slow ? 2 : NAMES.size();
      for (Cases.Case c : cases().subList(0, count)) {
        Map<String, double[]> exact = ScalarSession.outputs(c.graph(), c.inputs());
        Tolerance tolerance = Tolerance.of(c.graph(), c.sizes(), precision);
        Map<String, float[]> first = run(c, found, plans.get(0));
        check(c + ", a step a launch", tolerance, exact, first);
        if (precision == Precision.INT8) {
          // over the weights that the integers stand for, it is single precision
          check(
              c + ", dequantized",
              Tolerance.of(c.graph(), c.sizes()),
              ScalarSession.outputs(c.graph(), c.inputs(), precision),
              first);
        }
        Map<String, float[]> matrix = Map.of();
        for (OpenClPlan plan : plans.subList(1, plans.size())) {
          Map<String, float[]> other = run(c, found, plan);
          if (plan.matrix() && !matrix.isEmpty()) {
            matrix.forEach((name, y) -> assertArrayEquals(y, other.get(name), c + ", " + plan));
          } else if (plan.matrix()) {
            matrix = other;
            // other sums, so here and there another rounding of h; a wrong index costs much more
            Tolerance close = new Tolerance(precision.unit(), precision.unit());
            check(c + ", " + plan, close, doubles(first), other);
          } else {
            first.forEach((name, y) -> assertArrayEquals(y, other.get(name), c + ", " + plan));
          }
        }
      }
    }
  }

  private static void check(
      String what,
      Tolerance tolerance,
      Map<String, double[]> expected,
      Map<String, float[]> actual) {
    actual.forEach(
        (name, y) -> {
          Tolerance.Worst worst = tolerance.check(expected.get(name), y);
          assertTrue(worst.passes(), () -> what + ", " + name + ": " + worst);
        });
  }

  private static Map<String, double[]> doubles(Map<String, float[]> values) {
    Map<String, double[]> doubles = new HashMap<>();
    values.forEach(
        (name, y) -> {
          double[] d = new double[y.length];
          for (int k = 0; k < y.length; k++) {
            d[k] = y[k];
          }
          doubles.put(name, d);
        });
    return doubles;
  }

  private static Map<String, float[]> run(Cases.Case c, Discovery.Found found, OpenClPlan plan) {
    try (OpenClSession session =
        OpenClSession.open(c.graph(), found, plan, ProgramCache.inUserFolder(), "")) {
      Map<String, Tensor> outputs = session.run(c.inputs());
      Map<String, float[]> values = new HashMap<>();
      for (Graph.Result result : c.graph().results()) {
        values.put(result.name(), outputs.get(result.name()).toFloatArray());
      }
      assertTrue(session.persistentUsable(), () -> c + " fell back under " + plan);
      return values;
    }
  }
}
