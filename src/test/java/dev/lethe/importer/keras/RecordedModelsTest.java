package dev.lethe.importer.keras;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Models that Keras 2 and Keras 3 saved, on every device, against what Keras answered. */
class RecordedModelsTest {
  static final Path FOLDER = Path.of("src/test/resources/dev/lethe/importer/keras");

  private static final double ABSOLUTE = 1e-5;
  private static final double RELATIVE = 1e-4;

  @TestFactory
  Stream<DynamicTest> models() throws IOException {
    List<String> devices = Lethe.devices().stream().filter(Device::usable).map(Device::id).toList();
    assertTrue(devices.contains("cpu") && devices.contains("cpu:scalar"), devices::toString);
    List<DynamicTest> tests = new ArrayList<>();
    for (Path folder : folders()) {
      for (String device : devices) {
        tests.add(dynamicTest(device + ": " + folder.getFileName(), () -> check(folder, device)));
      }
    }
    assertTrue(tests.size() > 2 * 20, () -> "only " + tests);
    return tests.stream();
  }

  private static List<Path> folders() throws IOException {
    try (Stream<Path> folders = Files.list(FOLDER)) {
      return folders.filter(folder -> Files.exists(folder.resolve("case.json"))).sorted().toList();
    }
  }

  static Path model(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().matches(".*\\.(keras|h5)"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static void check(Path folder, String device) throws IOException {
    Network network = Network.load(model(folder));
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    List<String> required =
        network.inputs().stream().filter(p -> !p.optional()).map(Port::name).toList();
    for (int k = 0; k < required.size(); k++) {
      inputs.put(required.get(k), Npy.read(folder.resolve("test_data_set_0/input_" + k + ".npy")));
    }
    try (Session session = network.open(new Options(device, 2))) {
      Map<String, Tensor> outputs = session.run(inputs);
      int k = 0;
      for (Port port : network.outputs()) {
        Path recorded = folder.resolve("test_data_set_0/output_" + k++ + ".npy");
        if (Files.exists(recorded)) {
          compare(port.name(), Npy.read(recorded), outputs.get(port.name()));
        }
      }
      Path surplus = folder.resolve("test_data_set_0/output_" + k + ".npy");
      assertTrue(!Files.exists(surplus), () -> "the network lacks " + surplus);
    }
  }

  private static void compare(String name, Tensor expected, Tensor got) {
    assertArrayEquals(expected.shape(), got.shape(), name);
    float[] wanted = expected.toFloatArray();
    float[] actual = got.toFloatArray();
    for (int k = 0; k < wanted.length; k++) {
      double error = Math.abs((double) wanted[k] - actual[k]);
      int at = k;
      assertTrue(
          error <= ABSOLUTE + RELATIVE * Math.abs(wanted[k]),
          () -> name + "[" + at + "]: expected " + wanted[at] + ", got " + actual[at]);
    }
  }
}
