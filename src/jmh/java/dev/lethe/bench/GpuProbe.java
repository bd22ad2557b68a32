package dev.lethe.bench;

import dev.lethe.backend.opencl.DeviceProbe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Prints what a GPU can do and what it costs, and writes it as JSON:
 *
 * <pre>java -cp target/benchmarks.jar dev.lethe.bench.GpuProbe OUT.json [DEVICE]</pre>
 *
 * <p>Exit code 1 if something is wrong or fails.
 */
public final class GpuProbe {
  private GpuProbe() {}

  /** Runs. */
  public static void main(String[] args) throws IOException {
    if (args.length < 1) {
      throw new IllegalArgumentException("needs OUT.json [DEVICE]");
    }
    Map<String, String> report = DeviceProbe.run(args.length > 1 ? args[1] : "opencl");
    report.forEach((name, value) -> System.out.println(name + ": " + value));
    String json =
        report.entrySet().stream()
            .map(e -> JsonText.quote(e.getKey()) + ": " + JsonText.quote(e.getValue()))
            .collect(Collectors.joining(",\n", "{", "}\n"));
    Files.writeString(Path.of(args[0]), json);
    if (report.values().stream().anyMatch(v -> v.startsWith("WRONG") || v.startsWith("FAILED"))) {
      System.exit(1);
    }
  }
}
