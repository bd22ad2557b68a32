package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Peak;
import dev.lethe.network.Graph;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.IntConsumer;

/**
 * Times networks on devices within a number of seconds. What is left of them is shared evenly among
 * what is still to be measured, so that what is quick leaves its time to what is slow.
 */
final class BenchRunner {
  /** Of the time for a network on a device, how much may go into warming up. */
  private static final double WARM_UP = 0.15;

  private static final long MOST_WARM_UP_NANOS = 2_000_000_000L;
  private static final long SHORT_NANOS = 20_000_000;

  /** Of all of the time, how much the search for a device's peak may take. */
  private static final double PEAK = 0.1;

  private static final double LEAST_PEAK_SECONDS = 1;
  private static final double MOST_PEAK_SECONDS = 3;

  private final List<Options> options;
  private final IntConsumer progress;
  private final BiFunction<Graph, Options, Session> opener;
  private final Duration mostForPeak;
  private final Map<String, Device> devices = new LinkedHashMap<>();
  private final Map<String, Peak> peaks = new LinkedHashMap<>();
  private final Set<String> sought = new HashSet<>();
  private final List<DeviceException> failures = new ArrayList<>();
  private long deadline;
  private int seriesLeft;
  private int done;

  /**
   * @param options a device each
   * @param networks how many {@link #measure} will be called for
   * @param seconds for all of them
   * @param progress told after each measurement how many are done or given up
   */
  BenchRunner(List<Options> options, int networks, double seconds, IntConsumer progress) {
    this(options, networks, seconds, progress, Graph::open);
  }

  /**
   * As the other.
   *
   * @param opener makes sessions
   */
  BenchRunner(
      List<Options> options,
      int networks,
      double seconds,
      IntConsumer progress,
      BiFunction<Graph, Options, Session> opener) {
    this.options = options;
    this.progress = progress;
    this.opener = opener;
    double peak = Math.max(LEAST_PEAK_SECONDS, Math.min(MOST_PEAK_SECONDS, PEAK * seconds));
    this.mostForPeak = Duration.ofNanos((long) (1e9 * peak));
    this.deadline = System.nanoTime() + (long) (1e9 * seconds);
    this.seriesLeft = options.size() * networks;
  }

  /** The devices that were opened, by id. */
  Map<String, Device> devices() {
    return devices;
  }

  /** What devices could do at most, where it is known, by id. */
  Map<String, Peak> peaks() {
    return peaks;
  }

  /** What went wrong on devices. */
  List<DeviceException> failures() {
    return failures;
  }

  /** Measures a network on every device. */
  BenchResult measure(BenchNetwork network) {
    BenchResult result = new BenchResult(network.name(), new ArrayList<>(), new ArrayList<>());
    Graph graph = network.source().get();
    for (Options each : options) {
      int before = done;
      try (Session session = opener.apply(graph, each)) {
        if (session instanceof GraphSession timed) {
          devices.put(timed.device().id(), timed.device());
          warmUp(timed);
          long end = System.nanoTime() + Math.max(0, deadline - System.nanoTime()) / seriesLeft;
          new Series(network, graph, timed, end, result).measure();
          lookForPeak(timed, result);
        }
      } catch (DeviceException e) {
        failures.add(e);
        result.gaps().add(BenchGap.failed(each.device(), String.valueOf(e.getMessage())));
      }
      seriesLeft--;
      done = before + network.batches().size();
      progress.accept(done);
    }
    return result;
  }

  /** Once for each device, and not before there is something to hold it against. */
  private void lookForPeak(GraphSession session, BenchResult result) {
    String id = session.device().id();
    boolean measured = result.rows().stream().anyMatch(row -> row.device().equals(id));
    if (measured && sought.add(id)) {
      session.peak(mostForPeak).ifPresent(peak -> peaks.put(id, peak));
    }
  }

  /** Waits for Java's compiler, which is not the networks' time. */
  private void warmUp(GraphSession session) {
    long begin = System.nanoTime();
    session.warmUp();
    deadline += System.nanoTime() - begin;
  }

  /** All batch sizes of a network on one device. */
  private final class Series {
    private final BenchNetwork network;
    private final Graph graph;
    private final GraphSession session;
    private final String device;
    private final long end;
    private final BenchResult result;
    private Optional<BenchRow> last = Optional.empty();

    Series(BenchNetwork network, Graph graph, GraphSession session, long end, BenchResult result) {
      this.network = network;
      this.graph = graph;
      this.session = session;
      this.device = session.device().id();
      this.end = end;
      this.result = result;
    }

    void measure() {
      List<Integer> batches = network.batches();
      warmUp(batches);
      for (int k = 0; k < batches.size(); k++) {
        Optional<BenchGap> gap = gap(batches.get(k), batches.size() - k);
        if (gap.isPresent()) {
          result.gaps().add(gap.get());
          return;
        }
        progress.accept(++done);
      }
    }

    /**
     * Runs batches of growing size in turn, so that what Java compiles late is not held against the
     * first of them.
     */
    private void warmUp(List<Integer> batches) {
      long begin = System.nanoTime();
      long nanos = Math.min(MOST_WARM_UP_NANOS, (long) (WARM_UP * (end - begin)));
      int most = batches.size();
      while (most > 0 && System.nanoTime() - begin < nanos) {
        for (int k = 0; k < most && System.nanoTime() - begin < nanos; k++) {
          Map<String, Integer> sizes = network.sizes(graph, batches.get(k));
          if (!BenchNetwork.fits(graph, sizes)) {
            most = k;
            break;
          }
          Map<String, Tensor> inputs = MadeUpInputs.of(graph, sizes);
          long start = System.nanoTime();
          try {
            session.run(inputs);
          } catch (DeviceException e) {
            // told when it is this batch's turn
            most = k;
            break;
          }
          // a long run says that larger ones would take the time of many short ones
          most = System.nanoTime() - start > SHORT_NANOS ? k : most;
        }
      }
    }

    /** Measures one batch size, or says why not. */
    private Optional<BenchGap> gap(int batch, int pointsLeft) {
      Map<String, Integer> sizes = network.sizes(graph, batch);
      if (!BenchNetwork.fits(graph, sizes)) {
        String why = "more than a quarter of Java's memory (-Xmx)";
        return Optional.of(BenchGap.stopped(device, batch, why));
      }
      double operations = graph.operations(sizes);
      double left = (end - System.nanoTime()) / 1e9;
      double expected =
          last.map(row -> row.total() * operations / Math.max(1, row.operations())).orElse(0.0);
      if (BenchTimer.least(expected) > left) {
        return Optional.of(BenchGap.late(device, batch));
      }
      try {
        BenchTimer timer = new BenchTimer(session, MadeUpInputs.of(graph, sizes));
        double now = (end - System.nanoTime()) / 1e9;
        Optional<BenchTimer.Times> times = timer.measure(now / pointsLeft, now);
        last =
            times.map(
                each ->
                    BenchRow.of(
                        device, batch, operations, each.totals(), each.parts(), session.kernels()));
        last.ifPresent(result.rows()::add);
        return times.isPresent() ? Optional.empty() : Optional.of(BenchGap.late(device, batch));
      } catch (DeviceException e) {
        if (last.isEmpty()) {
          throw e;
        }
        String why = String.valueOf(e.getMessage());
        return Optional.of(BenchGap.stopped(device, batch, why));
      }
    }
  }
}
