package dev.lethe.bench;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Options;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What narrow weights gain on the CPU: each precision in turn, over and over, so that whatever else
 * the machine does meets all of them. Arguments: shapes, each TxBxIxH; without any, a batch of one
 * at three sizes.
 */
final class NarrowWeights {
  private static final List<String> SHAPES =
      List.of("25x1x512x512", "25x1x1024x1024", "25x1x2048x2048");
  private static final long WARM_UP_NANOS = 1_500_000_000L;
  private static final int ROUNDS = 41;

  private NarrowWeights() {}

  /** Prints a line for each shape and number of threads. */
  public static void main(String[] args) {
    Device cpu =
        Lethe.devices().stream().filter(d -> d.id().equals("cpu")).findFirst().orElseThrow();
    List<Precision> precisions = Arrays.stream(Precision.values()).filter(cpu::computes).toList();
    System.out.println(cpu.name() + ", Java " + Runtime.version().feature());
    System.out.println(
        "milliseconds of a run, a tenth of which are faster, and how many times as fast as fp32");
    for (String shape : args.length == 0 ? SHAPES : Arrays.asList(args)) {
      for (int threads = 1; threads <= Runtime.getRuntime().availableProcessors(); threads *= 2) {
        double[] times = times(LstmShape.parse(shape), threads, precisions);
        StringBuilder line = new StringBuilder(shape + ", threads " + threads + ":");
        for (int k = 0; k < times.length; k++) {
          line.append(
              String.format(
                  Locale.ROOT,
                  "  %s %.2f (%.2f)",
                  precisions.get(k),
                  times[k],
                  times[0] / times[k]));
        }
        System.out.println(line);
      }
    }
  }

  private static double[] times(LstmShape shape, int threads, List<Precision> precisions) {
    Map<String, Tensor> inputs = Map.of("x", shape.input());
    List<Session> sessions = new ArrayList<>();
    List<Map<String, Tensor>> outputs = new ArrayList<>();
    for (Precision precision : precisions) {
      Session session = shape.network().open(new Options("cpu", threads, precision));
      sessions.add(session);
      outputs.add(session.run(inputs));
      for (long begin = System.nanoTime(); System.nanoTime() - begin < WARM_UP_NANOS; ) {
        session.run(inputs, outputs.get(outputs.size() - 1));
      }
    }
    double[][] all = new double[precisions.size()][ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      for (int k = 0; k < all.length; k++) {
        // the first run brings the weights back into the caches
        sessions.get(k).run(inputs, outputs.get(k));
        long begin = System.nanoTime();
        sessions.get(k).run(inputs, outputs.get(k));
        all[k][round] = (System.nanoTime() - begin) / 1e6;
      }
    }
    sessions.forEach(Session::close);
    return Arrays.stream(all).mapToDouble(NarrowWeights::fast).toArray();
  }

  /** Of the runs that nothing else on the machine held up. */
  private static double fast(double[] times) {
    Arrays.sort(times);
    return times[times.length / 10];
  }
}
