package dev.lethe.bench;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.lethe.network.LstmShape;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * What {@link CompareCpu} measured.
 *
 * @param command how to measure it again
 * @param threads as asked for; 0 for one per processor
 * @param engines name and version of each engine; the first is what the others are compared with
 * @param rows one for each shape
 */
record CpuTimes(String command, int threads, Map<String, String> engines, List<Row> rows) {
  /**
   * What was measured of a shape.
   *
   * @param times by engine
   * @param peak operations a second that the processors could do then, as the first engine measured
   *     it; 0 if it could not, or if the first engine's runs were faster
   */
  record Row(LstmShape shape, Map<String, Time> times, double peak) {
    Row {
      double first = times.values().iterator().next().median() / 1e3;
      peak = shape.operations() / first > peak ? 0 : peak;
    }
  }

  /**
   * Milliseconds of one inference.
   *
   * @param turns the median of each turn's runs, in the order of the turns
   * @param runs how many were measured in all of them
   */
  record Time(List<Double> turns, long runs) {
    private static final double NOISY = 1.5;

    /**
     * @param turns milliseconds of each run of each turn
     */
    static Time of(List<double[]> turns) {
      return new Time(
          turns.stream().map(turn -> median(Arrays.stream(turn))).toList(),
          turns.stream().mapToLong(turn -> turn.length).sum());
    }

    double median() {
      return median(turns.stream().mapToDouble(turn -> turn));
    }

    /**
     * How many times as long as another engine this one takes: of each round's two turns, which are
     * seconds apart, and of these ratios the median. What else the machine does for a minute then
     * counts for both.
     */
    double over(Time other) {
      return median(
          IntStream.range(0, turns.size()).mapToDouble(k -> turns.get(k) / other.turns.get(k)));
    }

    private static double median(DoubleStream values) {
      double[] sorted = values.sorted().toArray();
      int half = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Whether the turns differ so much that something else must have been running. */
    boolean noisy() {
      return Collections.max(turns) > NOISY * median();
    }
  }

  /** Writes the JSON, and the chart beside it. */
  void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    try (JsonGenerator json =
        new JsonFactory()
            .createGenerator(file.toFile(), JsonEncoding.UTF8)
            .useDefaultPrettyPrinter()) {
      write(json);
    }
    new CpuChart(this).write(CpuChart.beside(file));
  }

  /** The processor's name where the system tells it, else its architecture. */
  static String device() {
    return processorName().orElse(System.getProperty("os.arch"));
  }

  private static Optional<String> processorName() {
    Path told = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(told)) {
      return Optional.empty();
    }
    try (BufferedReader lines = Files.newBufferedReader(told)) {
      return lines
          .lines()
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("command", command);
    json.writeStringField("device", device());
    json.writeNumberField("processors", Runtime.getRuntime().availableProcessors());
    json.writeNumberField("threads", threads);
    json.writeStringField(
        "system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    json.writeStringField("java", System.getProperty("java.vm.name") + " " + Runtime.version());
    json.writeObjectFieldStart("engines");
    for (Map.Entry<String, String> engine : engines.entrySet()) {
      json.writeStringField(engine.getKey(), engine.getValue());
    }
    json.writeEndObject();
    json.writeArrayFieldStart("rows");
    for (Row row : rows) {
      write(json, row);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, Row row) throws IOException {
    Time first = row.times().values().iterator().next();
    json.writeStartObject();
    json.writeStringField("shape", row.shape().toString());
    json.writeNumberField("operations", (long) row.shape().operations());
    if (row.peak() > 0) {
      json.writeNumberField("peak_gflops", rounded(row.peak() / 1e9));
      json.writeNumberField(
          "first_of_peak", rounded(row.shape().operations() / (first.median() / 1e3) / row.peak()));
    }
    json.writeObjectFieldStart("engines");
    for (Map.Entry<String, Time> entry : row.times().entrySet()) {
      Time time = entry.getValue();
      json.writeObjectFieldStart(entry.getKey());
      json.writeNumberField("median_ms", rounded(time.median()));
      json.writeArrayFieldStart("turns_ms");
      for (double turn : time.turns()) {
        json.writeNumber(rounded(turn));
      }
      json.writeEndArray();
      json.writeNumberField("runs", time.runs());
      json.writeNumberField("over_first", rounded(time.over(first)));
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static double rounded(double value) {
    return Math.round(value * 1e4) / 1e4;
  }
}
