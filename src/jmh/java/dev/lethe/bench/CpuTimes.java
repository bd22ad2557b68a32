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
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
   *     it; 0 if it could not
   */
  record Row(LstmShape shape, Map<String, Time> times, double peak) {}

  /**
   * Milliseconds of one inference.
   *
   * @param median of the turns' medians
   * @param best the least of the turns' medians
   * @param worst the largest of the turns' medians
   * @param runs how many were measured
   */
  record Time(double median, double best, double worst, long runs) {
    private static final double NOISY = 1.5;

    /**
     * @param turns milliseconds of each run of each turn
     */
    static Time of(List<double[]> turns) {
      double[] medians = turns.stream().mapToDouble(Time::median).sorted().toArray();
      return new Time(
          median(medians),
          medians[0],
          medians[medians.length - 1],
          turns.stream().mapToLong(turn -> turn.length).sum());
    }

    private static double median(double[] values) {
      double[] sorted = Arrays.stream(values).sorted().toArray();
      int half = sorted.length / 2;
      return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    /** Whether the turns differ so much that something else must have been running. */
    boolean noisy() {
      return worst > NOISY * median;
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
    double own = row.times().values().iterator().next().median();
    json.writeStartObject();
    json.writeStringField("shape", row.shape().toString());
    json.writeNumberField("operations", (long) row.shape().operations());
    if (row.peak() > 0) {
      json.writeNumberField("peak_gflops", rounded(row.peak() / 1e9));
      json.writeNumberField(
          "first_of_peak", rounded(row.shape().operations() / (own / 1e3) / row.peak()));
    }
    json.writeObjectFieldStart("engines");
    for (Map.Entry<String, Time> entry : row.times().entrySet()) {
      Time time = entry.getValue();
      json.writeObjectFieldStart(entry.getKey());
      json.writeNumberField("median_ms", rounded(time.median()));
      json.writeNumberField("best_ms", rounded(time.best()));
      json.writeNumberField("worst_ms", rounded(time.worst()));
      json.writeNumberField("runs", time.runs());
      json.writeNumberField("over_first", rounded(time.median() / own));
      json.writeEndObject();
    }
    json.writeEndObject();
    json.writeEndObject();
  }

  private static double rounded(double value) {
    return Math.round(value * 1e4) / 1e4;
  }
}
