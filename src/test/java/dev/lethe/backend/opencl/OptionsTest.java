package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.backend.Cases;
import dev.lethe.backend.Tolerance;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What cells may have, in other precisions than fp32 and on matrix units. */
class OptionsTest {
  private static OpenClPlan plan(Precision precision, int groups, List<MatrixStepTile> matrix) {
    return new OpenClPlan(
        List.of(new ProductTile(4, 16, 4, 2, 16)),
        List.of(new StepTile(16, 4, 2, 16)),
        List.of(),
        new PersistentPlan(groups, false, 1000, false, 1 << 16, 32 << 10, List.of()),
        precision,
        matrix,
        16,
        64,
        1 << 20,
        Integer.MAX_VALUE,
        0,
        TunedLayers.NONE);
  }

  private static Cases.Case named(String name) {
    return Cases.all().stream().filter(c -> c.toString().equals(name)).findFirst().orElseThrow();
  }

  /** Those that do not compile for minutes; skips the test where there is none. */
  static List<Discovery.Found> devices() {
    List<Discovery.Found> devices =
        Discovery.run().found().stream().filter(found -> !found.facts().limitsLoops()).toList();
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

  private static void check(Cases.Case c, Precision precision, Map<String, float[]> actual) {
    Map<String, double[]> exact = ScalarSession.outputs(c.graph(), c.inputs());
    Tolerance tolerance = Tolerance.of(c.graph(), c.sizes(), precision);
    for (Graph.Result result : c.graph().results()) {
      Tolerance.Worst worst = tolerance.check(exact.get(result.name()), actual.get(result.name()));
      assertTrue(worst.passes(), () -> precision + ", " + c + ", " + result.name() + ": " + worst);
    }
  }

  private static void same(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((name, y) -> assertArrayEquals(y, actual.get(name), name));
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"TF32", "BF16", "FP16", "INT8"})
  void normalizedCells(Precision precision) {
    Cases.Case c = named("normalized, both ways");
    for (Discovery.Found found : devices()) {
      try (OpenClSession session = open(c, found, plan(precision, 0, List.of()))) {
        check(c, precision, numbers(session.run(c.inputs())));
      }
    }
  }

  @Test
  void everythingOnMatrixUnits() {
    Cases.Case c = named("peepholes, coupled, clip, both directions");
    List<MatrixStepTile> tile = List.of(new MatrixStepTile(2, 1));
    for (Discovery.Found found : devices()) {
      Map<String, float[]> stepwise;
      try (OpenClSession session = open(c, found, plan(Precision.BF16, 0, tile))) {
        stepwise = numbers(session.run(c.inputs()));
        assertTrue(session.kernels().get(0).startsWith("lstm_matrix_step "));
        check(c, Precision.BF16, stepwise);
        Trace trace = session.trace(c.inputs());
        same(stepwise, numbers(trace.outputs()));
        trace.layers().forEach(OptionsTest::checkGates);
        assertEquals(2, trace.layers().size());
      }
      try (OpenClSession session = open(c, found, plan(Precision.BF16, 50, tile))) {
        same(stepwise, numbers(session.run(c.inputs())));
        assertTrue(session.kernels().get(0).startsWith("lstm_matrix "));
        assertTrue(session.persistentUsable());
      }
    }
  }

  /** c[t] = f[t]*c[t-1] + i[t]*g[t] and f = 1 - i, as the kernel rounds them. */
  private static void checkGates(Trace.Layer layer) {
    int row = layer.c().size() / layer.c().dimension(0);
    int checked = 0;
    for (int e = 0; e < layer.c().size(); e++) {
      int before = layer.reverse() ? e + row : e - row;
      if (at(layer.o(), e) == 0) {
        continue; // past the end
      }
      assertEquals(1 - at(layer.i(), e), at(layer.f(), e));
      if (before >= 0 && before < layer.c().size() && at(layer.o(), before) != 0) {
        float now =
            Math.fma(at(layer.f(), e), at(layer.c(), before), at(layer.i(), e) * at(layer.g(), e));
        assertEquals(now, at(layer.c(), e));
        checked++;
      }
    }
    assertTrue(checked > 0);
  }

  private static float at(Tensor tensor, int e) {
    return tensor.floats().get(e);
  }
}
