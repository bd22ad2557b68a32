package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Prints the table of predictions that src/site/markdown/gpu.md shows. */
final class GpuTable {
  private GpuTable() {}

  public static void main(String[] args) throws IOException {
    lines().forEach(System.out::println);
  }

  /** A laptop's GPU: 16 compute units. */
  static DeviceFacts small() {
    DeviceFacts large = OpenClPlanTest.h200();
    return new DeviceFacts(
        "small",
        large.platform(),
        large.vendor(),
        large.version(),
        large.driver(),
        false,
        16,
        1024,
        48 << 10,
        4L << 30,
        1L << 30,
        1 << 16,
        86);
  }

  static CostModel model(DeviceFacts facts, Precision precision) {
    return new CostModel(OpenClPlan.of(facts, precision), facts.computeUnits());
  }

  /** The rows of the benchmark's shapes. */
  static Map<String, CostModel.Sizes> shapes() throws IOException {
    Map<String, CostModel.Sizes> shapes = new LinkedHashMap<>();
    List<String> lines = Files.readAllLines(Path.of("src/jmh/gpu-shapes.csv"));
    for (String line : lines.subList(1, lines.size())) {
      String[] f = line.split(",", -1);
      int[] n = new int[7];
      for (int k = 1; k < 7; k++) {
        n[k] = Integer.parseInt(f[k]);
      }
      shapes.put(f[0], new CostModel.Sizes(n[1], n[2], n[3], n[4], n[5], n[6]));
    }
    return shapes;
  }

  static List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add(
        "| T, B, I, H, layers, directions | H200, fp32 | H200, fp16 | 16 compute units, fp32 |");
    lines.add("|---|---|---|---|");
    shapes()
        .forEach(
            (name, s) ->
                lines.add(
                    String.format(
                        Locale.ROOT,
                        "| %d, %d, %d, %d, %d, %d | %s | %s | %s |",
                        s.steps(),
                        s.batch(),
                        s.input(),
                        s.hidden(),
                        s.layers(),
                        s.directions(),
                        cell(model(OpenClPlanTest.h200(), Precision.FP32).predict(s)),
                        cell(model(OpenClPlanTest.h200(), Precision.FP16).predict(s)),
                        cell(model(small(), Precision.FP32).predict(s)))));
    return lines;
  }

  private static String cell(CostModel.Prediction p) {
    return String.format(
        Locale.ROOT, "%s, %d, %.2f ms", p.kernel(), p.launches(), p.milliseconds());
  }
}
