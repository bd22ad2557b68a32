package dev.lethe.examples;

import dev.lethe.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Weekly carbon dioxide at Mauna Loa, 1958-2001.
 *
 * @param weeks the Saturday on which each week ends
 * @param ppm parts per million by volume; NaN where nothing was measured
 */
record Co2Record(List<LocalDate> weeks, double[] ppm) {
  /** Weeks that the network sees. */
  static final int HISTORY = 208;

  /** Weeks that it forecasts. */
  static final int HORIZON = 52;

  /** Weeks in one time step. */
  static final int WEEKS_PER_STEP = 4;

  private static final int WEEKS_BETWEEN_FORECASTS = 4;

  /** Reads lines of week,ppm below a header. */
  static Co2Record read(Path csv) throws IOException {
    List<String[]> rows =
        Files.readAllLines(csv).stream().skip(1).map(line -> line.split(",", 2)).toList();
    return new Co2Record(
        rows.stream().map(row -> LocalDate.parse(row[0])).toList(),
        rows.stream()
            .mapToDouble(row -> row[1].isEmpty() ? Double.NaN : Double.parseDouble(row[1]))
            .toArray());
  }

  /** The first week that training did not see. */
  int heldOut() {
    return (int) weeks.stream().filter(week -> week.getYear() < 1990).count();
  }

  /** The first week of every forecast of the held-out years. */
  int[] starts() {
    return IntStream.iterate(
            heldOut(),
            start -> start + HORIZON <= ppm.length,
            start -> start + WEEKS_BETWEEN_FORECASTS)
        .toArray();
  }

  /** What the network takes, [N, 52, 4]: four weeks a step, in ppm above the last week seen. */
  Tensor inputs(int[] starts) {
    Tensor x =
        Tensor.allocate(
            Tensor.Type.FLOAT32, starts.length, HISTORY / WEEKS_PER_STEP, WEEKS_PER_STEP);
    var values = x.floats();
    for (int start : starts) {
      for (int week = start - HISTORY; week < start; week++) {
        values.put((float) (ppm[week] - ppm[start - 1]));
      }
    }
    return x;
  }

  /** The network's answers [N, 52] in ppm. */
  double[][] forecasts(int[] starts, Tensor y) {
    var values = y.floats();
    double[][] forecasts = new double[starts.length][HORIZON];
    for (int n = 0; n < starts.length; n++) {
      for (int week = 0; week < HORIZON; week++) {
        forecasts[n][week] = ppm[starts[n] - 1] + values.get(n * HORIZON + week);
      }
    }
    return forecasts;
  }

  /** The last week seen, again and again: [N, 52] in ppm. */
  double[][] lastWeek(int[] starts) {
    return each(starts, (start, week) -> ppm[start - 1]);
  }

  /** The same week of the year before: [N, 52] in ppm. */
  double[][] lastYear(int[] starts) {
    return each(starts, (start, week) -> ppm[start + week - HORIZON]);
  }

  /** The same week of the year before, plus what that year grew by: [N, 52] in ppm. */
  double[][] lastYearAndGrowth(int[] starts) {
    return each(
        starts,
        (start, week) -> ppm[start + week - HORIZON] + ppm[start - 1] - ppm[start - 1 - HORIZON]);
  }

  /** What was measured: [N, 52] in ppm. */
  double[][] measured(int[] starts) {
    return each(starts, (start, week) -> ppm[start + week]);
  }

  private interface Guess {
    double ppm(int start, int week);
  }

  private static double[][] each(int[] starts, Guess guess) {
    double[][] all = new double[starts.length][HORIZON];
    for (int n = 0; n < starts.length; n++) {
      for (int week = 0; week < HORIZON; week++) {
        all[n][week] = guess.ppm(starts[n], week);
      }
    }
    return all;
  }
}
