package dev.lethe.importer.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Every recorded ONNX model becomes a network, or is refused by the name of its operator. */
class ConformanceImportTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("lethe.conformance", "../shared/conformance"));

  @TestFactory
  Stream<DynamicTest> models() throws IOException {
    assumeTrue(Files.isDirectory(FOLDER), () -> "no recorded cases in " + FOLDER);
    try (Stream<Path> cases = Files.list(FOLDER)) {
      List<Path> models =
          cases
              .sorted()
              .map(path -> path.resolve("model.onnx"))
              .filter(Files::isRegularFile)
              .toList();
      assertTrue(models.size() > 0, "no ONNX models in " + FOLDER);
      return models.stream().map(m -> DynamicTest.dynamicTest(caseName(m), () -> check(m)));
    }
  }

  private static void check(Path model) {
    if (caseName(model).startsWith("reject-")) {
      String operator = caseName(model).contains("gru") ? "GRU" : "RNN";
      ModelFormatException e =
          assertThrows(ModelFormatException.class, () -> new OnnxImporter().read(model, Map.of()));
      assertTrue(e.getMessage().contains("operator " + operator + ", which"), e.getMessage());
      return;
    }
    Network network = new OnnxImporter().read(model, weights(model));
    assertEquals(
        TensorFiles.outputNames(model), network.outputs().stream().map(Port::name).toList());
    List<String> given =
        network.inputs().stream().filter(p -> !p.optional()).map(Port::name).toList();
    List<String> wanted = new ArrayList<>(TensorFiles.inputNames(model));
    wanted.removeAll(TensorFiles.weightNames(model));
    assertEquals(wanted, given);
    if (Boolean.getBoolean("lethe.print")) {
      System.out.println(caseName(model) + "\n  " + network.inputs() + " -> " + network.outputs());
      network.stages().forEach(stage -> System.out.println("    " + stage));
    }
  }

  private static Map<String, Tensor> weights(Path model) {
    List<String> names = TensorFiles.inputNames(model);
    Map<String, Tensor> weights = new HashMap<>();
    for (String name : TensorFiles.weightNames(model)) {
      Path data = model.resolveSibling("test_data_set_0/input_" + names.indexOf(name) + ".pb");
      weights.put(name, TensorFiles.read(data));
    }
    return weights;
  }

  private static String caseName(Path model) {
    return String.valueOf(model.getParent().getFileName());
  }
}
