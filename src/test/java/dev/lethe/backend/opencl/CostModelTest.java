package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CostModelTest {
  private static GpuTable.Prediction predict(
      DeviceFacts facts, Precision precision, LayerSizes sizes) {
    return GpuTable.predict(facts, precision, new GpuTable.Row("layer", sizes, 1));
  }

  @Test
  void aLayerThatFitsIsOneLaunchForAllSteps() {
    LayerSizes sizes = new LayerSizes(64, 32, 512, 512, 1);
    GpuTable.Prediction fp32 = predict(OpenClPlanTest.h200(), Precision.FP32, sizes);
    assertEquals("lstm_persistent", fp32.kernel());
    assertEquals(1 + 3, fp32.cost().launches()); // h and c begin, and the projection
    GpuTable.Prediction fp16 = predict(OpenClPlanTest.h200(), Precision.FP16, sizes);
    assertEquals("lstm_matrix", fp16.kernel());
    assertTrue(fp16.cost().microseconds() < fp32.cost().microseconds());
    GpuTable.Prediction small = predict(GpuTable.small(), Precision.FP32, sizes);
    assertEquals("lstm_step", small.kernel());
    assertEquals(3 + 64, small.cost().launches());
    LayerSizes both = new LayerSizes(64, 32, 512, 512, 2);
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
  void layersShareLaunchesWhereThatIsFaster() {
    LayerSizes layer = new LayerSizes(50, 32, 512, 512, 1);
    OpenClPlan plan = OpenClPlan.of(OpenClPlanTest.h200(), Precision.FP16);
    CostModel model = new CostModel(plan);
    LayerChoice choice = plan.choose(layer, Recurrence.Permitted.ALL);
    Wavefront wavefront = Wavefront.of(plan, layer, layer).orElseThrow();
    CostModel.Cost cost = model.wavefront(layer, layer, wavefront);
    assertTrue(cost.microseconds() < 0.97 * 2 * model.layer(layer, choice).microseconds());
    assertTrue(plan.stacked(layer).contains(wavefront.recurrence()));
    // a stream's step, and a layer that fills the GPU by itself
    assertTrue(Wavefront.of(plan, layer.withSteps(1), layer.withSteps(1)).isEmpty());
    LayerSizes large = new LayerSizes(25, 128, 2048, 2048, 1);
    assertTrue(Wavefront.of(plan, large, large).isEmpty());
    OpenClPlan processor = OpenClPlan.of(OpenClPlanTest.facts(true, 4096, 1 << 20, 1 << 30));
    assertTrue(Wavefront.of(processor, layer, layer).isEmpty());
    // room for the projected inputs of four steps of each layer
    long room = 2L * 4 * 32 * 4 * 512 * 4;
    OpenClPlan narrow = OpenClPlan.of(withAllocation(OpenClPlanTest.h200(), room), Precision.FP16);
    Wavefront.of(narrow, layer, layer).ifPresent(w -> assertEquals(4, w.lag()));
    OpenClPlan none =
        OpenClPlan.of(withAllocation(OpenClPlanTest.h200(), room - 1), Precision.FP16);
    assertTrue(Wavefront.of(none, layer, layer).isEmpty());
  }

  private static DeviceFacts withAllocation(DeviceFacts f, long bytes) {
    return new DeviceFacts(
        f.name(),
        f.platform(),
        f.vendor(),
        f.version(),
        f.driver(),
        f.cpu(),
        f.computeUnits(),
        f.workGroupSize(),
        f.localBytes(),
        f.globalBytes(),
        bytes,
        f.registers(),
        f.computeCapability());
  }

  @Test
  void groupsOfBothLayersMustRunAtOnce() {
    OpenClPlan plan = OpenClPlan.of(OpenClPlanTest.h200(), Precision.FP16);
    // of 132 groups, 66 or 67 of 16 units for each layer
    for (int hidden : new int[] {1056, 1072}) {
      LayerSizes layer = new LayerSizes(50, 32, hidden, hidden, 1);
      boolean waits = plan.stacked(layer).stream().anyMatch(PersistentPlan.Cut.class::isInstance);
      assertEquals(hidden == 1056, waits);
    }
  }

  @Test
  void whatIsMeasuredOfALayerIsNotGivenUpForAPrediction() {
    LayerSizes layer = new LayerSizes(50, 32, 512, 512, 1);
    OpenClPlan plan = OpenClPlan.of(OpenClPlanTest.h200());
    int shared = 0;
    for (Recurrence measured : plan.recurrences(layer, Recurrence.Permitted.ALL)) {
      LayerChoice best = new LayerChoice(plan.products().get(0), measured, true);
      TunedLayers.Entry entry = TunedLayers.Entry.of(layer, Precision.FP32, best, 1);
      Optional<Wavefront> wavefront =
          Wavefront.of(plan.withTuned(new TunedLayers(List.of(entry))), layer, layer);
      if (wavefront.isPresent()) {
        assertEquals(measured, wavefront.get().recurrence());
        assertTrue(wavefront.get().tuned());
        shared++;
      }
    }
    assertTrue(shared > 0);
  }

  @Test
  void thePageShowsThesePredictions() throws IOException {
    String page = Files.readString(Path.of("src/site/markdown/gpu.md"));
    Stream.concat(GpuTable.lines().stream(), GpuTable.stacked().stream())
        .forEach(line -> assertTrue(page.contains(line), () -> "gpu.md lacks: " + line));
  }
}
