package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Precision;
import dev.lethe.backend.Peak;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The search for the CPU's peak, on kernels that take times of their own. */
class CpuPeakTest {
  private static final int OPERATIONS = 384;
  private static final long OBJECT_NANOS = 2_000;
  private static final long REGISTER_NANOS = 8;
  private static final Duration MOST = Duration.ofSeconds(3);

  @Test
  void vectorsThatHotSpotHasNotCompiledAreNotThePeak() {
    // none of the first calls is faster than another for 0.4 s
    Slow kernels = new Slow(200_000);
    double peak = measure(kernels).map(Peak::operations).orElseThrow();
    assertEquals(1e9 * OPERATIONS / REGISTER_NANOS, peak, 1e-3 * peak);
    assertTrue(kernels.nanos < MOST.toNanos() / 2, () -> kernels.nanos + " ns");
  }

  @Test
  void vectorsThatAreNeverCompiledHaveNoPeak() {
    Slow kernels = new Slow(Long.MAX_VALUE);
    assertEquals(Optional.empty(), measure(kernels));
    assertTrue(kernels.nanos < 1.01 * MOST.toNanos(), () -> kernels.nanos + " ns");
  }

  private static Optional<Peak> measure(Slow kernels) {
    try (Workers workers = new Workers(1)) {
      return CpuPeak.measure(kernels, workers, MOST, () -> kernels.nanos);
    }
  }

  /** A clock, and a loop that moves it on: slowly for so many rounds, and then fast. */
  private static final class Slow implements Kernels {
    private final Kernels plain = CpuKernels.plain();
    private long slowRounds;
    private long nanos = 1_000;

    Slow(long slowRounds) {
      this.slowRounds = slowRounds;
    }

    @Override
    public int operationsOfARound() {
      return OPERATIONS;
    }

    @Override
    public float multiplyAdd(int rounds, float seed) {
      nanos += rounds * (slowRounds > 0 ? OBJECT_NANOS : REGISTER_NANOS);
      slowRounds -= rounds;
      return seed;
    }

    @Override
    public int units(int hidden) {
      return plain.units(hidden);
    }

    @Override
    public int columns(int total) {
      return plain.columns(total);
    }

    @Override
    public Packed pack(int depth, int blocks, int width, Packed.Source source) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Packed packNarrow(
        Precision precision, int depth, int blocks, int width, Packed.Source source) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Packed packInt8(
        int depth, int blocks, int width, Packed.Source integers, float[] scales) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void product(
        Packed weights,
        int block,
        int next,
        int rows,
        Rows a,
        int first,
        float[] from,
        int fromAt,
        int fromStride,
        float[] z,
        int zAt) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void update(
        int rows,
        float[] z,
        int zAt,
        int zStride,
        float[] c,
        int cAt,
        int cStride,
        Rows h,
        int hAt,
        int units,
        boolean identity) {
      throw new UnsupportedOperationException();
    }
  }
}
