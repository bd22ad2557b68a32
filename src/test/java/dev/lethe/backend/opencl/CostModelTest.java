package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CostModelTest {
  private static GpuTable.Prediction predict(
      DeviceFacts facts, Precision precision, LayerSizes sizes) {
    return GpuTable.predict(facts, precision, new GpuTable.Row("layer", sizes, 1));
  }

  @Test
  void aLayerThatFitsIsOneLaunchForAllSteps() {
    LayerSizes sizes = new LayerSizes(64, 32, 256, 256, 1);
    GpuTable.Prediction fp32 = predict(OpenClPlanTest.h200(), Precision.FP32, sizes);
    assertEquals("lstm_persistent", fp32.kernel());
    assertEquals(1 + 3, fp32.cost().launches()); // h and c begin, and the projection
    GpuTable.Prediction fp16 = predict(OpenClPlanTest.h200(), Precision.FP16, sizes);
    assertEquals("lstm_matrix", fp16.kernel());
    assertTrue(fp16.cost().microseconds() < fp32.cost().microseconds());
    GpuTable.Prediction small = predict(GpuTable.small(), Precision.FP32, sizes);
    assertEquals("lstm_step", small.kernel());
    assertEquals(3 + 64, small.cost().launches());
    LayerSizes both = new LayerSizes(64, 32, 256, 256, 2);
    assertEquals(2 * 3 + 64, predict(GpuTable.small(), Precision.FP32, both).cost().launches());
  }

  @Test
  void directionsThatDoNotFitAtOnceRunOneByOne() {
    LayerSizes both = new LayerSizes(25, 4, 1024, 1024, 2);
    LayerSizes one = new LayerSizes(25, 4, 1024, 1024, 1);
    OpenClPlan plan = OpenClPlan.of(OpenClPlanTest.h200(), Precision.FP16);
    PersistentPlan.Cut cut = plan.persistent().cuts(both, true, Precision.FP16).get(0);
    CostModel.Cost single = new CostModel(plan).recurrence(one, cut);
    CostModel.Cost twice = new CostModel(plan).recurrence(both, cut);
    assertEquals(2 * single.launches(), twice.launches());
    assertEquals(2 * single.microseconds(), twice.microseconds(), 1e-9);
  }

  @Test
  void thePageShowsThesePredictions() throws IOException {
    String page = Files.readString(Path.of("src/site/markdown/gpu.md"));
    for (String line : GpuTable.lines()) {
      assertTrue(page.contains(line), () -> "gpu.md lacks: " + line);
    }
  }
}
