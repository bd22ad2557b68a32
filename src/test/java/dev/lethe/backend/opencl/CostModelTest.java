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
    LayerSizes sizes = new LayerSizes(25, 32, 512, 512, 2);
    GpuTable.Prediction fp32 = predict(OpenClPlanTest.h200(), Precision.FP32, sizes);
    assertEquals("lstm_persistent", fp32.kernel());
    assertEquals(1 + 2 * 3, fp32.cost().launches()); // h and c begin, and the projection, each way
    GpuTable.Prediction fp16 = predict(OpenClPlanTest.h200(), Precision.FP16, sizes);
    assertEquals("lstm_matrix", fp16.kernel());
    assertTrue(fp16.cost().microseconds() < fp32.cost().microseconds());
    GpuTable.Prediction small = predict(GpuTable.small(), Precision.FP32, sizes);
    assertEquals("lstm_step", small.kernel());
    assertEquals(2 * (3 + 25), small.cost().launches());
  }

  @Test
  void thePageShowsThesePredictions() throws IOException {
    String page = Files.readString(Path.of("src/site/markdown/gpu.md"));
    for (String line : GpuTable.lines()) {
      assertTrue(page.contains(line), () -> "gpu.md lacks: " + line);
    }
  }
}
