package dev.lethe.job;

import java.util.Optional;

/**
 * How much may go on at a time.
 *
 * @param memory bytes for arrays, at least 1
 * @param sequences most in a chunk, whatever memory would hold
 * @param devices that compute at a time
 */
public record Limits(long memory, Optional<Integer> sequences, int devices) {
  private static final long MOST = 1L << 30;

  /**
   * Half of what Java may use, and no more than 1 GiB, from where on larger chunks gain nothing.
   */
  public static long defaultMemory() {
    return Math.min(MOST, Runtime.getRuntime().maxMemory() / 2);
  }
}
