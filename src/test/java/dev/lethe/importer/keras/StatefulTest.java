package dev.lethe.importer.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A stateful layer's state goes in and out by name. */
class StatefulTest {
  private static final Path FOLDER = RecordedModelsTest.FOLDER.resolve("keras3_stateful");

  @Test
  void stateGoesInAndOut() {
    Network network = Network.load(FOLDER.resolve("model.keras"));
    List<Port> inputs = network.inputs();
    List<String> outputs = network.outputs().stream().map(Port::name).toList();
    assertEquals(List.of(false, true, true), inputs.stream().map(Port::optional).toList());
    assertTrue(outputs.get(1).endsWith(".final_h") && outputs.get(2).endsWith(".final_c"));
    Tensor x = Npy.read(FOLDER.resolve("test_data_set_0/input_0.npy"));
    try (Session session = network.open(new Options("cpu", 2))) {
      Map<String, Tensor> first = session.run(Map.of(inputs.get(0).name(), x));
      float[] h = first.get(outputs.get(1)).toFloatArray();
      assertArrayEquals(first.get(outputs.get(0)).toFloatArray(), h);
      Map<String, Tensor> second =
          session.run(
              Map.of(
                  inputs.get(0).name(), x,
                  inputs.get(1).name(), first.get(outputs.get(1)),
                  inputs.get(2).name(), first.get(outputs.get(2))));
      float[] after = second.get(outputs.get(1)).toFloatArray();
      for (int k = 0; k < h.length; k++) {
        assertTrue(Math.abs(h[k] - after[k]) > 1e-6, "the state made no difference");
      }
    }
  }
}
