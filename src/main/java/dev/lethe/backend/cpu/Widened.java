package dev.lethe.backend.cpu;

/**
 * Where a thread widens the weights of a block to single precision before it multiplies many rows
 * by them. Grows with the largest block and stays, so that runs allocate nothing.
 */
final class Widened {
  private static final ThreadLocal<float[]> WEIGHTS = ThreadLocal.withInitial(() -> new float[0]);

  private static final ThreadLocal<float[]> SUMS = ThreadLocal.withInitial(() -> new float[0]);

  private Widened() {}

  /** Likewise the sums of some rows. */
  static float[] sums(int size) {
    float[] sums = SUMS.get();
    if (sums.length < size) {
      sums = new float[size];
      SUMS.set(sums);
    }
    return sums;
  }

  /** The calling thread's own, of {@code size} floats or more; what they are is undefined. */
  static float[] weights(int size) {
    float[] weights = WEIGHTS.get();
    if (weights.length < size) {
      weights = new float[size];
      WEIGHTS.set(weights);
    }
    return weights;
  }
}
