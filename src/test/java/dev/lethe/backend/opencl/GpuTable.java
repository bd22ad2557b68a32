package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Prints the table of predictions that src/site/markdown/gpu.md shows. */
final class GpuTable {
  private GpuTable() {}

  public static void main(String[] args) throws IOException {
    lines().forEach(System.out::println);
    stacked().forEach(System.out::println);
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

  /** A row of the benchmark's shapes. */
  record Row(String name, LayerSizes first, int layers) {
    /** Sizes of every layer. */
    List<LayerSizes> all() {
      List<LayerSizes> all = new ArrayList<>();
      LayerSizes layer = first;
      for (int k = 0; k < layers; k++) {
        all.add(layer);
        layer = layer.above();
      }
      return all;
    }
  }

  /** What a row should cost, and by which kernel. */
  record Prediction(String kernel, CostModel.Cost cost) {}

  static Prediction predict(DeviceFacts facts, Precision precision, Row row) {
    OpenClPlan plan = OpenClPlan.of(facts, precision);
    CostModel model = new CostModel(plan);
    CostModel.Cost cost = new CostModel.Cost(0, 0);
    Set<String> kernels = new LinkedHashSet<>();
    List<LayerSizes> layers = row.all();
    for (int k = 0; k < layers.size(); k++) {
      LayerSizes layer = layers.get(k);
      boolean pair = k + 1 < layers.size() && layer.directions() == 1;
      Optional<Wavefront> wavefront =
          pair ? Wavefront.of(plan, layer, layers.get(k + 1)) : Optional.empty();
      if (wavefront.isPresent()) {
        Wavefront w = wavefront.get();
        cost = cost.plus(model.wavefront(layer, layers.get(k + 1), w));
        kernels.add(w.recurrence().kernel() + " by " + w.lag());
        k++; // both are done
      } else {
        LayerChoice choice = plan.choose(layer, Recurrence.Permitted.ALL);
        cost = cost.plus(model.layer(layer, choice));
        kernels.add(choice.recurrence().kernel());
      }
    }
    return new Prediction(String.join(" and ", kernels), cost);
  }

  /** Like {@link #predict} with one layer after the other. */
  static CostModel.Cost apart(DeviceFacts facts, Precision precision, Row row) {
    OpenClPlan plan = OpenClPlan.of(facts, precision);
    CostModel model = new CostModel(plan);
    return row.all().stream()
        .map(layer -> model.layer(layer, plan.choose(layer, Recurrence.Permitted.ALL)))
        .reduce(new CostModel.Cost(0, 0), CostModel.Cost::plus);
  }

  /** The rows of the benchmark's shapes. */
  static List<Row> rows() throws IOException {
    List<Row> rows = new ArrayList<>();
    List<String> lines = Files.readAllLines(Path.of("src/jmh/gpu-shapes.csv"));
    for (String line : lines.subList(1, lines.size())) {
      String[] f = line.split(",", -1);
      int[] n = new int[7];
      for (int k = 1; k < 7; k++) {
        n[k] = Integer.parseInt(f[k]);
      }
      rows.add(new Row(f[0], new LayerSizes(n[1], n[2], n[3], n[4], n[6]), n[5]));
    }
    return rows;
  }

  static List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add(
        "| T, B, I, H, layers, directions | H200, fp32 | H200, fp16 | 16 compute units, fp32 |");
    lines.add("|---|---|---|---|");
    for (Row row : rows()) {
      LayerSizes s = row.first();
      lines.add(
          String.format(
              Locale.ROOT,
              "| %d, %d, %d, %d, %d, %d | %s | %s | %s |",
              s.steps(),
              s.batch(),
              s.input(),
              s.hidden(),
              row.layers(),
              s.directions(),
              cell(predict(OpenClPlanTest.h200(), Precision.FP32, row)),
              cell(predict(OpenClPlanTest.h200(), Precision.FP16, row)),
              cell(predict(small(), Precision.FP32, row))));
    }
    return lines;
  }

  /** Of rows of several layers of one direction: one after the other, and as a wavefront. */
  static List<String> stacked() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("| layers | T, B, I, H, layers | H200, fp32 | H200, fp16 | 16 compute units, fp32 |");
    lines.add("|---|---|---|---|---|");
    for (Row row : rows()) {
      LayerSizes s = row.first();
      if (row.layers() > 1 && s.directions() == 1) {
        lines.add(
            String.format(
                Locale.ROOT,
                "| %s | %d, %d, %d, %d, %d | %s | %s | %s |",
                row.name(),
                s.steps(),
                s.batch(),
                s.input(),
                s.hidden(),
                row.layers(),
                change(OpenClPlanTest.h200(), Precision.FP32, row),
                change(OpenClPlanTest.h200(), Precision.FP16, row),
                change(small(), Precision.FP32, row)));
      }
    }
    return lines;
  }

  private static String change(DeviceFacts facts, Precision precision, Row row) {
    return String.format(
        Locale.ROOT,
        "%.2f -> %.2f ms",
        apart(facts, precision, row).microseconds() / 1000,
        predict(facts, precision, row).cost().microseconds() / 1000);
  }

  private static String cell(Prediction p) {
    return String.format(
        Locale.ROOT,
        "%s, %d, %.2f ms",
        p.kernel(),
        p.cost().launches(),
        p.cost().microseconds() / 1000);
  }
}
