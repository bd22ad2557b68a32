package dev.lethe.backend.cpu;

import dev.lethe.backend.Peak;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What the processor does at most, found by having it do nothing else.
 *
 * <p>HotSpot compiles a whole method after some 600 calls. Until then each operation on vectors
 * makes an object, and the loop does a hundredth to a thousandth of what it does later, evenly:
 * that times no longer improve does not say that it is compiled. What a round takes does.
 */
final class CpuPeak {
  /** Rounds of a call until HotSpot has compiled it: few, so that the calls are soon made. */
  private static final int FEW_ROUNDS = 20;

  private static final int ROUNDS = 1000;

  /** Calls between two looks at the clock. */
  private static final int CALLS = 8;

  /**
   * No round takes as long in vector registers, which is 3 to 30 nanoseconds; where vectors are
   * objects it takes several times as long.
   */
  private static final double COMPILED_NANOS = 100;

  private static final long LONG_ENOUGH_NANOS = 2_000_000;

  /** Tries go on for this long after the last one that was better. */
  private static final long PATIENCE_NANOS = 200_000_000;

  private final Kernels kernels;
  private final Workers workers;
  private final LongSupplier clock;
  private final long end;
  private final float[] sums;

  private CpuPeak(Kernels kernels, Workers workers, LongSupplier clock, Duration most) {
    this.kernels = kernels;
    this.workers = workers;
    this.clock = clock;
    this.end = clock.getAsLong() + most.toNanos();
    this.sums = new float[workers.threads()];
  }

  /**
   * The best of many tries on all threads at once; nothing where vectors are out of reach, or not
   * compiled in time.
   *
   * @param most how long it may take; mostly half a second does
   */
  static Optional<Peak> measure(Kernels kernels, Workers workers, Duration most) {
    return measure(kernels, workers, most, System::nanoTime);
  }

  /**
   * {@link #measure(Kernels, Workers, Duration)}.
   *
   * @param clock in nanoseconds
   */
  static Optional<Peak> measure(
      Kernels kernels, Workers workers, Duration most, LongSupplier clock) {
    if (kernels.operationsOfARound() == 0) {
      return Optional.empty();
    }
    CpuPeak peak = new CpuPeak(kernels, workers, clock, most);
    return peak.compiled() ? peak.best() : Optional.empty();
  }

  /** Calls the loop on one thread, which leaves HotSpot the others, until it is compiled. */
  private boolean compiled() {
    while (clock.getAsLong() < end) {
      long start = clock.getAsLong();
      sums[0] = busy(CALLS, FEW_ROUNDS, sums[0]);
      if (clock.getAsLong() - start < CALLS * FEW_ROUNDS * COMPILED_NANOS) {
        return true;
      }
    }
    return false;
  }

  private Optional<Peak> best() {
    double round = Double.POSITIVE_INFINITY;
    int calls = 1;
    long improved = clock.getAsLong();
    long now = improved;
    do {
      int repeat = calls;
      long start = clock.getAsLong();
      workers.runTogether(sums.length, k -> sums[k] = busy(repeat, ROUNDS, sums[k]));
      now = clock.getAsLong();
      double nanos = (now - start) / ((double) calls * ROUNDS);
      improved = nanos < round / 1.02 ? now : improved;
      round = Math.min(round, nanos);
      calls = now - start < LONG_ENOUGH_NANOS ? 2 * calls : calls;
    } while (now < end && now - improved < PATIENCE_NANOS);
    return round < COMPILED_NANOS
        ? Optional.of(
            new Peak(
                1e9 * sums.length * kernels.operationsOfARound() / round,
                "measured: fused multiply-adds that need no memory"))
        : Optional.empty();
  }

  private float busy(int calls, int rounds, float seed) {
    float sum = seed;
    for (int k = 0; k < calls; k++) {
      sum = kernels.multiplyAdd(rounds, sum);
    }
    return sum;
  }
}
