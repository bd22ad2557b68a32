package dev.lethe.examples;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Forecasts a year of weekly carbon dioxide at Mauna Loa, 144 times over 1990-2001, with an LSTM
 * that PyTorch trained on the years before; compares the forecasts with what was measured, with
 * PyTorch's own and with simple rules.
 *
 * <p>Run by {@code mvn -q test-compile exec:exec@example}; {@code -Ddevice=cpu} and the like choose
 * a device.
 */
public final class ForecastCo2 {
  private static final Duration TIMING = Duration.ofSeconds(3);

  private ForecastCo2() {}

  /** Mean absolute and root mean square error in ppm. */
  record Score(double mae, double rmse) {
    static Score of(double[][] forecasts, double[][] measured) {
      double sum = 0;
      double squares = 0;
      int count = 0;
      for (int n = 0; n < forecasts.length; n++) {
        for (int week = 0; week < forecasts[n].length; week++, count++) {
          double error = forecasts[n][week] - measured[n][week];
          sum += Math.abs(error);
          squares += error * error;
        }
      }
      return new Score(sum / count, Math.sqrt(squares / count));
    }
  }

  /**
   * What a run found.
   *
   * @param choice which device ran and why
   * @param forecasts [N][52] in ppm
   * @param scores by method, the network's first
   * @param fromPyTorch the largest difference from PyTorch's own answers, in ppm
   * @param microseconds median time of a sequence, a whole batch at a time, copies included
   */
  record Result(
      String choice,
      double[][] forecasts,
      Map<String, Score> scores,
      double fromPyTorch,
      double microseconds) {}

  /**
   * Runs the example and draws its picture.
   *
   * @param arguments where the picture goes, if not to target/co2-forecast.png
   */
  public static void main(String[] arguments) throws IOException {
    Options options = Examples.options();
    Path picture = Path.of(arguments.length > 0 ? arguments[0] : "target/co2-forecast.png");
    Co2Record record = Co2Record.read(file("co2.csv"));
    Result result = run(record, options, TIMING);
    System.out.println(result.choice());
    System.out.printf("%-20s %9s %10s%n", "one year ahead", "MAE (ppm)", "RMSE (ppm)");
    for (var entry : result.scores().entrySet()) {
      Score score = entry.getValue();
      System.out.printf("%-20s %9.3f %10.3f%n", entry.getKey(), score.mae(), score.rmse());
    }
    System.out.printf(
        "%d sequences in a batch, %.1f us each; largest difference from PyTorch %.1e ppm%n",
        result.forecasts().length, result.microseconds(), result.fromPyTorch());
    new Co2Chart(record, result.forecasts()).write(picture);
    System.out.println("Picture: " + picture);
  }

  /** Runs the batch once for the answers, then again and again for the clock. */
  static Result run(Co2Record record, Options options, Duration timing) throws IOException {
    int[] starts = record.starts();
    Network network = Network.load(file("forecaster.onnx"));
    try (Session session = network.open(options)) {
      Map<String, Tensor> inputs = Map.of("x", record.inputs(starts));
      Map<String, Tensor> outputs = session.run(inputs);
      Tensor forecast = outputs.get("forecast");
      double difference = largestDifference(forecast, Npy.read(file("pytorch.npy")));
      double[][] forecasts = record.forecasts(starts, forecast);
      double seconds = medianSeconds(timing, () -> session.run(inputs, outputs));
      return new Result(
          session.choice(),
          forecasts,
          scores(record, forecasts),
          difference,
          seconds / starts.length * 1e6);
    }
  }

  private static Map<String, Score> scores(Co2Record record, double[][] forecasts) {
    int[] starts = record.starts();
    double[][] measured = record.measured(starts);
    Map<String, Score> scores = new LinkedHashMap<>();
    scores.put("LSTM", Score.of(forecasts, measured));
    scores.put("last year + growth", Score.of(record.lastYearAndGrowth(starts), measured));
    scores.put("last year", Score.of(record.lastYear(starts), measured));
    scores.put("last week", Score.of(record.lastWeek(starts), measured));
    return scores;
  }

  /** The largest absolute difference; NaN if any is. */
  private static double largestDifference(Tensor a, Tensor b) {
    float[] left = a.toFloatArray();
    float[] right = b.toFloatArray();
    if (!Arrays.equals(a.shape(), b.shape())) {
      throw new IllegalStateException("shapes differ: " + a + " and " + b);
    }
    double largest = 0;
    for (int i = 0; i < left.length; i++) {
      largest = Math.max(largest, Math.abs((double) left[i] - right[i]));
    }
    return largest;
  }

  /** The median of the later half, when the compiler of the virtual machine has had its time. */
  private static double medianSeconds(Duration atLeast, Runnable run) {
    List<Double> seconds = new ArrayList<>();
    long begin = System.nanoTime();
    long end = begin;
    do {
      long start = end;
      run.run();
      end = System.nanoTime();
      seconds.add((end - start) / 1e9);
    } while (end - begin < atLeast.toNanos());
    List<Double> later = seconds.subList(seconds.size() / 2, seconds.size());
    return later.stream().sorted().skip(later.size() / 2).findFirst().orElseThrow();
  }

  /** A file of this example. */
  static Path file(String name) {
    return Examples.file("co2/" + name);
  }
}
