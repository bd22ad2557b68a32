package dev.lethe.importer.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A published Keras 2 model that tells how many flights a jet engine has left (NASA C-MAPSS). */
class TurbofanTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("lethe.conformance", "../shared/conformance"))
          .resolve("keras2-turbofan-remaining-life");

  @Test
  void isAsGoodAsItsAuthorFound() {
    assumeTrue(Files.isDirectory(FOLDER), () -> "no recorded case in " + FOLDER);
    Tensor x = Npy.read(FOLDER.resolve("test_data_set_0/input_0.npy"));
    float[] truth = Npy.read(FOLDER.resolve("true_remaining_life.npy")).toFloatArray();
    Network network = Network.load(FOLDER.resolve("model.h5"));
    float[] told;
    try (Session session = network.open(new Options("cpu", 2))) {
      Map<String, Tensor> outputs = session.run(Map.of(network.inputs().get(0).name(), x));
      told = outputs.values().iterator().next().toFloatArray();
    }
    assertEquals(truth.length, told.length);
    double mean = 0;
    for (float value : truth) {
      mean += value / (double) truth.length;
    }
    double absolute = 0;
    double squares = 0;
    double spread = 0;
    for (int k = 0; k < truth.length; k++) {
      absolute += Math.abs(told[k] - truth[k]) / (double) truth.length;
      squares += Math.pow(told[k] - truth[k], 2);
      spread += Math.pow(truth[k] - mean, 2);
    }
    assertEquals(12.22, absolute, 0.005, () -> Arrays.toString(told));
    assertEquals(0.798, 1 - squares / spread, 0.0005, () -> Arrays.toString(told));
  }
}
