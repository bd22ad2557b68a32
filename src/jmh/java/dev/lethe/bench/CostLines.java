package dev.lethe.bench;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.lethe.network.LstmShape;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * How the time of a run follows its steps, its batch and its hidden size, one changed at a time:
 * {@code java -cp target/benchmarks.jar dev.lethe.bench.CostLines [JSON [ENGINE...]]}. Writes the
 * times, and a picture beside them.
 */
final class CostLines {
  private static final int SIZE = 520;

  /** As long as HotSpot may take to compile what a small shape seldom runs. */
  private static final int WARMUP = 4000;

  private static final int TURN = 300;
  private static final int TURNS = 5;

  /** What one picture shows; sizes go from the first to the last, doubling. */
  private record Line(String axis, int first, int last, IntFunction<String> shape, String title) {}

  private static final List<Line> LINES =
      List.of(
          new Line("steps T", 8, 1024, t -> t + "x32x128x128", "B = 32, I = H = 128"),
          new Line("batch B", 1, 1024, b -> "32x" + b + "x128x128", "T = 32, I = H = 128"),
          new Line(
              "hidden size H", 16, 1024, h -> "32x32x" + h + "x" + h, "T = 32, B = 32, I = H"));

  private CostLines() {}

  /** Measures and writes. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    System.setProperty("java.awt.headless", "true");
    Path output = Path.of(arguments.length > 0 ? arguments[0] : "src/jmh/results/cpu-cost.json");
    List<String> engines =
        arguments.length > 1
            ? List.of(arguments).subList(1, arguments.length)
            : List.of("lethe-cpu", "onnxruntime");
    List<XYChart> charts = new ArrayList<>();
    // into the file only when all is there
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json =
        new JsonFactory().createGenerator(bytes, JsonEncoding.UTF8).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeStringField("device", CpuTimes.device());
      json.writeStringField("java", System.getProperty("java.vm.name") + " " + Runtime.version());
      json.writeArrayFieldStart("rows");
      for (Line line : LINES) {
        charts.add(chart(line, engines, json));
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    Files.write(output, bytes.toByteArray());
    CpuChart.write(CpuChart.beside(output), charts);
  }

  private static XYChart chart(Line line, List<String> engines, JsonGenerator json)
      throws IOException, InterruptedException {
    XYChart chart =
        new XYChartBuilder()
            .width(SIZE)
            .height(SIZE)
            .title(line.title())
            .xAxisTitle(line.axis())
            .yAxisTitle("ms a run")
            .build();
    chart.getStyler().setXAxisLogarithmic(true).setYAxisLogarithmic(true);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    List<Integer> sizes = new ArrayList<>();
    Map<String, List<Double>> times = new LinkedHashMap<>();
    for (int size = line.first(); size <= line.last(); size *= 2) {
      LstmShape shape = LstmShape.parse(line.shape().apply(size));
      sizes.add(size);
      for (String engine : engines) {
        double median = measure(engine, shape).median();
        times.computeIfAbsent(engine, e -> new ArrayList<>()).add(median);
        json.writeStartObject();
        json.writeStringField("engine", engine);
        json.writeStringField("axis", line.axis());
        json.writeStringField("shape", shape.toString());
        json.writeNumberField("median_ms", median);
        json.writeEndObject();
        System.out.printf("%-12s %-20s %9.3f ms%n", engine, shape, median);
      }
    }
    for (String engine : engines) {
      XYSeries series = chart.addSeries(engine, sizes, times.get(engine));
      series.setMarker(SeriesMarkers.CIRCLE);
    }
    return chart;
  }

  private static CpuTimes.Time measure(String engine, LstmShape shape)
      throws IOException, InterruptedException {
    List<double[]> turns = new ArrayList<>();
    try (EngineProcess process = new EngineProcess(engine, shape, 0)) {
      process.run(WARMUP);
      for (int turn = 0; turn < TURNS; turn++) {
        turns.add(process.run(TURN));
        Thread.sleep(TURN / 2);
      }
    }
    return CpuTimes.Time.of(turns);
  }
}
