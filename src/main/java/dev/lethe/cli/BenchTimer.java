package dev.lethe.cli;

import dev.lethe.Tensor;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.RunTimes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs a session again and again: until times settle, and then for the record. */
final class BenchTimer {
  private static final int LEAST_RUNS = 5;
  private static final int MOST_RUNS = 50;

  /** Least runs that are held against as many before them to see whether times have settled. */
  private static final int WINDOW = 5;

  private static final double SETTLED = 0.03;
  private static final double STEADY = 0.3;

  /** Of the time for a measurement, how much may go into warming up. */
  private static final double WARM_UP = 0.4;

  /** Before this Java does not compile what is hot. */
  private static final double LEAST_WARM_UP_SECONDS = 0.2;

  private static final double MOST_WARM_UP_SECONDS = 3;

  /** Below this, what else the machine does may fill all of a measurement. */
  private static final double LEAST_SECONDS = 0.1;

  private final GraphSession session;
  private final Map<String, Tensor> inputs;
  private final Map<String, Tensor> outputs;

  /**
   * What was measured.
   *
   * @param totals of whole runs, in nanoseconds
   * @param parts of as many other runs, which wait between their parts
   */
  record Times(List<Long> totals, List<RunTimes> parts) {}

  /** Runs once, which allocates. */
  BenchTimer(GraphSession session, Map<String, Tensor> inputs) {
    this.session = session;
    this.inputs = inputs;
    this.outputs = session.run(inputs);
  }

  /** The seconds that a measurement takes at least where a run takes this long. */
  static double least(double seconds) {
    return seconds * (1 + 2 * LEAST_RUNS);
  }

  /**
   * Measures, five runs at least.
   *
   * @param share seconds that this should take
   * @param most seconds that it may take
   * @return nothing if the first run shows that there is not the time
   */
  Optional<Times> measure(double share, double most) {
    long begin = System.nanoTime();
    List<Long> warm = new ArrayList<>(List.of(run()));
    if (least(warm.get(0) / 1e9) > most) {
      return Optional.empty();
    }
    double run = warm.get(0) / 1e9;
    double limit = Math.min(MOST_WARM_UP_SECONDS, WARM_UP * share);
    int next = WINDOW;
    while (seconds(begin) + run < limit) {
      warm.add(run());
      if (warm.size() > next && seconds(begin) > LEAST_WARM_UP_SECONDS) {
        if (settled(warm)) {
          break;
        }
        next = warm.size() * 5 / 4;
      }
    }
    long warmed = System.nanoTime();
    List<Long> totals = new ArrayList<>();
    List<RunTimes> parts = new ArrayList<>();
    while (totals.size() < LEAST_RUNS
        || ((totals.size() < MOST_RUNS || seconds(warmed) < LEAST_SECONDS)
            && seconds(begin) + 2 * run < share)) {
      totals.add(run());
      parts.add(session.time(inputs, outputs));
    }
    return Optional.of(new Times(totals, parts));
  }

  private long run() {
    long start = System.nanoTime();
    session.run(inputs, outputs);
    return System.nanoTime() - start;
  }

  private static double seconds(long begin) {
    return (System.nanoTime() - begin) / 1e9;
  }

  /**
   * Whether the last third of the runs took as long as the third before it, and each of them about
   * as long as the others; in nanoseconds.
   */
  static boolean settled(List<Long> runs) {
    int count = runs.size() / 3;
    if (count < WINDOW) {
      return false;
    }
    long[] now = sorted(runs.subList(runs.size() - count, runs.size()));
    long[] before = sorted(runs.subList(runs.size() - 2 * count, runs.size() - count));
    double median = before[count / 2];
    return Math.abs(now[count / 2] - median) <= SETTLED * median
        && now[count * 3 / 4] - now[count / 4] <= STEADY * median;
  }

  private static long[] sorted(List<Long> runs) {
    return runs.stream().mapToLong(each -> each).sorted().toArray();
  }
}
