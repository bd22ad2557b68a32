package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Work-groups that do run at once, two on a processor of at least two cores: each sees what the
 * other wrote, and nothing older, over several launches and rounds of each step.
 */
class ExchangeTest {
  private static final int STEPS = 50;
  private static final int BATCH = 19;
  private static final int CHUNK = 8;
  private static final int RUNS = 10;

  @ParameterizedTest
  @EnumSource(names = {"FP32", "TF32", "FP16"})
  void groupsSeeWhatTheOtherWrote(Precision precision) {
    List<Discovery.Found> devices =
        PersistentGuardTest.processors().stream()
            .filter(found -> found.facts().computeUnits() > 1)
            .toList();
    assumeTrue(!devices.isEmpty(), "no OpenCL device that may run two groups at once");
    boolean plain = precision == Precision.FP32;
    int hidden = plain ? 64 : 16; // of two groups
    LayerSizes sizes = new LayerSizes(STEPS, BATCH, MatrixInvarianceTest.INPUT, hidden, 2);
    for (Discovery.Found found : devices) {
      OpenClPlan apart = plan(precision, PersistentPlan.NONE, sizes);
      PersistentPlan waits =
          new PersistentPlan(
              2, true, 1 << 22, false, 0, 32 << 10, List.of(new PersistentPlan.Shape(32, 3)), 8);
      OpenClPlan together = plan(precision, waits, sizes);
      ProgramCache cache = ProgramCache.inUserFolder();
      Map<String, Tensor> inputs = inputs();
      int met = 0;
      try (OpenClSession expected =
          OpenClSession.open(MatrixInvarianceTest.network(hidden), found, apart, cache, "")) {
        float[] y = expected.run(inputs).get("y").toFloatArray();
        for (int run = 0; run < RUNS; run++) {
          try (OpenClSession session =
              OpenClSession.open(
                  MatrixInvarianceTest.network(hidden), found, together, cache, "")) {
            assertArrayEquals(y, session.run(inputs).get("y").toFloatArray());
            assertArrayEquals(y, session.run(inputs).get("y").toFloatArray());
            if (session.persistentUsable()) {
              met++;
              String kernel = plain ? "lstm_persistent" : "lstm_matrix";
              assertTrue(session.kernels().get(0).startsWith(kernel + " "));
            }
          }
        }
      }
      assumeTrue(met > 0, "groups never ran at once");
    }
  }

  private static OpenClPlan plan(Precision precision, PersistentPlan waits, LayerSizes sizes) {
    List<MatrixStepTile> matrix =
        precision == Precision.FP32 ? List.of() : List.of(new MatrixStepTile(2, 1));
    long chunkBytes = OpenClPlan.stepBytes(sizes) * sizes.directions() * CHUNK;
    return MatrixInvarianceTest.plan(precision, waits, matrix, chunkBytes);
  }

  private static Map<String, Tensor> inputs() {
    Random random = new Random(33);
    float[][] sequences = new float[BATCH][];
    for (int b = 0; b < BATCH; b++) {
      sequences[b] = new float[(STEPS - 3 * (b % 7)) * MatrixInvarianceTest.INPUT];
      for (int k = 0; k < sequences[b].length; k++) {
        sequences[b][k] = (float) random.nextGaussian();
      }
    }
    return Cases.padded(sequences, STEPS, MatrixInvarianceTest.INPUT);
  }
}
