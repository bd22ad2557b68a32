package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every kernel and tile that the plan of a GPU may choose, with the GPU's own instructions: on the
 * GPUs that are there, the emulated one of {@code ci/with-opencl ptx} among them.
 */
class GpuPlanTest {
  private static final int STEPS = 5;
  private static final int BATCH = 19;

  /** Steps that are projected at a time, so that groups see the same slots again. */
  private static final int CHUNK = 2;

  /** Read by fours and one by one, in one group and in many. */
  @ParameterizedTest
  @CsvSource({
    "FP32, 8, 36",
    "FP32, 5, 203",
    "INT8, 8, 36",
    "TF32, 8, 132",
    "TF32, 5, 203",
    "BF16, 5, 203",
    "FP16, 8, 132",
    "FP16, 5, 203"
  })
  void everyKernelAndTileIsRight(Precision precision, int input, int hidden) {
    List<Discovery.Found> devices =
        Discovery.run().found().stream().filter(found -> !found.facts().cpu()).toList();
    assumeTrue(!devices.isEmpty(), "no GPU");
    Graph graph = MatrixInvarianceTest.network(input, hidden);
    LayerSizes sizes = new LayerSizes(STEPS, BATCH, input, hidden, 2);
    Map<String, Tensor> inputs = inputs(input);
    double[] exact = ScalarSession.outputs(graph, inputs).get("y");
    Tolerance tolerance = Tolerance.of(graph, Map.of("b", BATCH, "t", STEPS), precision);
    for (Discovery.Found found : devices) {
      OpenClPlan plan = chunked(OpenClPlan.of(found.facts(), precision), sizes);
      ProjectionTile usual = plan.projections().get(0);
      List<LayerChoice> choices = new ArrayList<>();
      for (Recurrence recurrence : plan.recurrences(sizes, Recurrence.Permitted.ALL)) {
        choices.add(new LayerChoice(usual, recurrence, false));
      }
      for (ProjectionTile product : plan.projections()) {
        choices.add(new LayerChoice(product, choices.get(0).recurrence(), false));
      }
      Map<Boolean, float[]> bits = new HashMap<>(); // by whether it runs on matrix units
      for (LayerChoice choice : choices) {
        Recurrence recurrence = choice.recurrence();
        float[] y = run(graph, found, plan.only(choice), inputs, recurrence);
        Tolerance.Worst worst = tolerance.check(exact, y);
        assertTrue(worst.passes(), () -> choice + ": " + worst);
        boolean units =
            recurrence instanceof PersistentPlan.MatrixTile || recurrence instanceof MatrixStepTile;
        assertArrayEquals(bits.computeIfAbsent(units, key -> y), y, choice::toString);
      }
    }
  }

  private static OpenClPlan chunked(OpenClPlan plan, LayerSizes sizes) {
    return new OpenClPlan(
        plan.products(),
        plan.steps(),
        plan.sequences(),
        plan.mostAlone(),
        plan.persistent(),
        plan.precision(),
        plan.matrixSteps(),
        plan.matrixProducts(),
        plan.softmaxItems(),
        plan.flatItems(),
        OpenClPlan.stepBytes(sizes) * sizes.directions() * CHUNK,
        plan.mostDepth(),
        plan.computeUnits(),
        TunedLayers.NONE);
  }

  private static float[] run(
      Graph graph,
      Discovery.Found found,
      OpenClPlan plan,
      Map<String, Tensor> inputs,
      Recurrence expected) {
    try (OpenClSession session =
        OpenClSession.open(graph, found, plan, ProgramCache.inUserFolder(), "")) {
      float[] y = session.run(inputs).get("y").toFloatArray();
      String kernels = session.kernels().toString();
      assertTrue(kernels.contains(expected.kernel() + " " + expected), kernels);
      assertTrue(session.persistentUsable(), () -> "groups of " + expected + " did not meet");
      return y;
    }
  }

  private static Map<String, Tensor> inputs(int input) {
    Random random = new Random(35);
    float[][] sequences = new float[BATCH][];
    for (int b = 0; b < BATCH; b++) {
      sequences[b] = new float[(STEPS - b % (STEPS + 1)) * input];
      for (int k = 0; k < sequences[b].length; k++) {
        sequences[b][k] = (float) random.nextGaussian();
      }
    }
    return Cases.padded(sequences, STEPS, input);
  }
}
