package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class CostModelTest {
  @Test
  void thePlanTakesWhatTheModelSaysIsCheapest() throws IOException {
    for (DeviceFacts facts : List.of(OpenClPlanTest.h200(), GpuTable.small())) {
      for (Precision precision : Precision.values()) {
        CostModel model = GpuTable.model(facts, precision);
        GpuTable.shapes()
            .forEach(
                (name, sizes) -> {
                  CostModel.Prediction taken = model.predict(sizes);
                  double stepwise = model.stepwise(sizes).milliseconds();
                  assertTrue(taken.milliseconds() <= stepwise, () -> name + ": " + taken);
                });
      }
    }
  }

  @Test
  void aLayerThatFitsIsOneLaunchForAllSteps() {
    CostModel.Sizes sizes = new CostModel.Sizes(25, 32, 512, 512, 1, 2);
    CostModel.Prediction fp32 =
        GpuTable.model(OpenClPlanTest.h200(), Precision.FP32).predict(sizes);
    assertEquals("lstm_persistent", fp32.kernel());
    assertEquals(1 + 2 * 3, fp32.launches()); // h and c begin, and the projection, each way
    CostModel.Prediction fp16 =
        GpuTable.model(OpenClPlanTest.h200(), Precision.FP16).predict(sizes);
    assertEquals("lstm_matrix", fp16.kernel());
    assertTrue(fp16.milliseconds() < fp32.milliseconds());
    CostModel.Prediction small = GpuTable.model(GpuTable.small(), Precision.FP32).predict(sizes);
    assertEquals("lstm_step", small.kernel());
    assertEquals(2 * (3 + 25), small.launches());
  }

  @Test
  void thePageShowsThesePredictions() throws IOException {
    String page = Files.readString(Path.of("src/site/markdown/gpu.md"));
    for (String line : GpuTable.lines()) {
      assertTrue(page.contains(line), () -> "gpu.md lacks: " + line);
    }
  }
}
