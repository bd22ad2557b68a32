package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Options;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** PyTorch's own results, on every usable device; make_pytorch_fixtures.py wrote them. */
class PytorchCasesTest {
  private static final Path FOLDER = Path.of("src/test/resources/dev/lethe/importer/pytorch");

  @TestFactory
  List<DynamicTest> cases() {
    List<Path> cases = Case.find(FOLDER);
    assertEquals(20, cases.size(), cases::toString);
    List<DynamicTest> tests = new ArrayList<>();
    for (Device device : Lethe.devices().stream().filter(Device::usable).toList()) {
      CaseRunner runner = new CaseRunner(Options.defaults().withDevice(device.id()));
      for (Path folder : cases) {
        String name = folder.getFileName() + " on " + device.id();
        tests.add(
            DynamicTest.dynamicTest(
                name, () -> assertEquals(Optional.empty(), runner.failure(folder))));
      }
    }
    return tests;
  }
}
