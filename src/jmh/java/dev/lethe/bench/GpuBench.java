package dev.lethe.bench;

import dev.lethe.DeviceException;
import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.opencl.DeviceRuns;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Times every row of a shapes file in every precision on an OpenCL device: kernels and launches
 * alone, and whole runs with transfers:
 *
 * <pre>
 * java -cp target/benchmarks.jar dev.lethe.bench.GpuBench SHAPES.csv OUT.json [DEVICE [PRECISION,...]]
 * </pre>
 *
 * <p>A row that fails has an "error" in place of a time. {@code ci/gpu-compare} holds it against
 * cuDNN.
 */
public final class GpuBench {
  /** Elements of y that are written, for comparison. */
  private static final int SHOWN = 512;

  private static final double SAMPLE_MS = 20;
  private static final int SAMPLES = 9;

  private GpuBench() {}

  /** Runs. */
  public static void main(String[] args) throws IOException {
    if (args.length < 2) {
      throw new IllegalArgumentException("needs SHAPES.csv OUT.json [DEVICE [PRECISION,...]]");
    }
    String device = args.length > 2 ? args[2] : "opencl";
    String[] precisions = (args.length > 3 ? args[3] : "fp32,tf32,bf16,fp16").split(",", -1);
    List<String> rows = new ArrayList<>();
    String head = "";
    for (GpuShape shape : GpuShape.read(Path.of(args[0]))) {
      for (String precision : precisions) {
        Row row = row(shape, device, Precision.parse(precision));
        head = row.head.isEmpty() ? head : row.head;
        rows.add(row.json);
        System.out.println(row.line);
        Files.writeString(
            Path.of(args[1]), "{" + head + "\"rows\":[\n" + String.join(",\n", rows) + "]}\n");
      }
    }
  }

  private record Row(String head, String json, String line) {}

  private static Row row(GpuShape shape, String device, Precision precision) {
    String key =
        String.format(
            Locale.ROOT,
            "{\"name\":%s,\"T\":%d,\"B\":%d,\"I\":%d,\"H\":%d,\"layers\":%d,\"directions\":%d,"
                + "\"precision\":\"%s\"",
            JsonText.quote(shape.name()),
            shape.steps(),
            shape.batch(),
            shape.input(),
            shape.hidden(),
            shape.layers(),
            shape.directions(),
            precision);
    String label = String.format(Locale.ROOT, "%-22s %s", shape.name(), precision);
    try (DeviceRuns runs = DeviceRuns.open(shape.graph(), device, precision)) {
      Map<String, Tensor> inputs = Map.of("x", shape.x());
      Map<String, Tensor> outputs = runs.run(inputs);
      Tensor y = Objects.requireNonNull(outputs.get("y"));
      double once = runs.milliseconds(1, 1);
      int repeats = (int) Math.max(1, Math.min(100, SAMPLE_MS / Math.max(once, 1e-3)));
      double time = runs.milliseconds(SAMPLES, repeats);
      double total = runs.totalMilliseconds(SAMPLES, inputs, outputs);
      long launches = runs.launches(inputs, outputs);
      String head =
          "\"device\":"
              + JsonText.quote(runs.name())
              + ",\"driver\":"
              + JsonText.quote(runs.driver())
              + ",\"date\":\""
              + LocalDate.now(ZoneOffset.UTC)
              + "\",";
      String variant = String.join("; ", runs.variants());
      String json =
          String.format(
              Locale.ROOT,
              "%s,\"variant\":%s,\"lethe_ms\":%.5f,\"lethe_total_ms\":%.5f,\"launches\":%d,"
                  + "\"y\":%s}",
              key,
              JsonText.quote(variant),
              time,
              total,
              launches,
              shown(y.toFloatArray()));
      String line =
          String.format(
              Locale.ROOT,
              "%s  %.4f ms, %.4f with transfers, %d launches  %s",
              label,
              time,
              total,
              launches,
              variant);
      return new Row(head, json, line);
    } catch (DeviceException e) {
      String why = String.valueOf(e.getMessage());
      return new Row("", key + ",\"error\":" + JsonText.quote(why) + "}", label + "  " + why);
    }
  }

  /** Elements spread over all of y. */
  private static String shown(float[] y) {
    List<String> numbers = new ArrayList<>();
    for (int k = 0; k < SHOWN; k++) {
      float value = y[(int) ((long) k * (y.length - 1) / (SHOWN - 1))];
      numbers.add(Float.isFinite(value) ? Float.toString(value) : "null");
    }
    return numbers.toString();
  }
}
