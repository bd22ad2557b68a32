package dev.lethe.cli.plot;

import java.util.ArrayList;
import java.util.List;

/** Round numbers along an axis. */
final class Ticks {
  private static final double[] ROUND = {1, 2, 5, 10};

  private Ticks() {}

  /** At most {@code most} multiples of 1, 2 or 5 times a power of ten from low to high. */
  static List<Double> of(double low, double high, int most) {
    double power = Math.pow(10, Math.floor(Math.log10((high - low) / most)));
    for (double round : ROUND) {
      List<Double> ticks = multiples(round * power, low, high);
      if (ticks.size() <= most) {
        return ticks;
      }
    }
    return List.of();
  }

  private static List<Double> multiples(double step, double low, double high) {
    List<Double> ticks = new ArrayList<>();
    long last = (long) Math.floor(high / step * (1 + 1e-12));
    for (long k = (long) Math.ceil(low / step); k <= last && ticks.size() < 100; k++) {
      ticks.add(k * step);
    }
    return ticks;
  }
}
