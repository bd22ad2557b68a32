package dev.lethe.importer.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Network;
import dev.lethe.Port;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every recorded PyTorch model becomes a network. */
class SafetensorsConformanceTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("lethe.conformance", "../shared/conformance"));

  @TestFactory
  Stream<DynamicTest> models() throws IOException {
    assumeTrue(Files.isDirectory(FOLDER), () -> "no recorded cases in " + FOLDER);
    try (Stream<Path> cases = Files.list(FOLDER)) {
      List<Path> models =
          cases
              .sorted()
              .map(c -> c.resolve("model.safetensors"))
              .filter(Files::isRegularFile)
              .toList();
      assertTrue(models.size() > 0, "no models in " + FOLDER);
      return models.stream()
          .map(
              m ->
                  DynamicTest.dynamicTest(
                      String.valueOf(m.getParent().getFileName()), () -> check(m)));
    }
  }

  private static void check(Path model) {
    Network network = new SafetensorsImporter().read(model, Map.of());
    assertEquals(
        List.of("X", "sequence_lens", "initial_h", "initial_c"),
        network.inputs().stream().map(Port::name).toList());
    assertEquals(List.of("Y", "Y_h", "Y_c"), network.outputs().stream().map(Port::name).toList());
    assertEquals(Optional.of("batch"), network.batchSize());
    assertEquals(Optional.of("time"), network.timeSteps());
    assertTrue(network.parameters() > 0, network::toString);
  }
}
