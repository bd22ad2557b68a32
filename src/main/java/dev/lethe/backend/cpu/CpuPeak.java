package dev.lethe.backend.cpu;

import dev.lethe.backend.Peak;
import java.util.Optional;

/** What the processor does at most, found by having it do nothing else. */
final class CpuPeak {
  /** Few, since calls get compiled sooner than loops. */
  private static final int ROUNDS = 1000;

  private static final long LONG_ENOUGH_NANOS = 2_000_000;

  /** Without a better try for this long, Java has compiled what there is to compile. */
  private static final long PATIENCE_NANOS = 300_000_000;

  private static final long MOST_NANOS = 2_000_000_000L;

  private CpuPeak() {}

  /** The best of many tries on all threads at once; nothing where vectors are out of reach. */
  static Optional<Peak> measure(Kernels kernels, Workers workers) {
    int threads = workers.threads();
    double operations = (double) threads * ROUNDS * kernels.operationsOfARound();
    if (operations == 0) {
      return Optional.empty();
    }
    float[] sums = new float[threads];
    double best = 0;
    int calls = 1;
    long begin = System.nanoTime();
    long improved = begin;
    long now = begin;
    while (now - improved < PATIENCE_NANOS && now - begin < MOST_NANOS) {
      int repeat = calls;
      long start = System.nanoTime();
      workers.runTogether(threads, k -> sums[k] = busy(kernels, repeat, sums[k]));
      now = System.nanoTime();
      double rate = operations * calls / (now - start) * 1e9;
      improved = rate > 1.02 * best ? now : improved;
      best = Math.max(best, rate);
      calls = now - start < LONG_ENOUGH_NANOS ? 2 * calls : calls;
    }
    return Optional.of(new Peak(best, "measured: fused multiply-adds that need no memory"));
  }

  private static float busy(Kernels kernels, int calls, float seed) {
    float sum = seed;
    for (int k = 0; k < calls; k++) {
      sum = kernels.multiplyAdd(ROUNDS, sum);
    }
    return sum;
  }
}
