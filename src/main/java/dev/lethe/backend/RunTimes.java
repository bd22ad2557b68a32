package dev.lethe.backend;

import java.util.function.LongSupplier;

/**
 * Where the time of one run went. The device has finished each part before the next begins.
 *
 * @param copyInNanos inputs to the device, in nanoseconds
 * @param computeNanos all stages
 * @param copyOutNanos outputs from the device
 * @param launches kernels that were started; 0 where there are no kernels
 */
public record RunTimes(long copyInNanos, long computeNanos, long copyOutNanos, long launches) {
  /**
   * Times the parts of a run, each of which returns when it is done.
   *
   * @param launched how many kernels have been started so far
   */
  public static RunTimes of(
      Runnable copyIn, Runnable compute, Runnable copyOut, LongSupplier launched) {
    long before = launched.getAsLong();
    long start = System.nanoTime();
    copyIn.run();
    long ready = System.nanoTime();
    compute.run();
    long computed = System.nanoTime();
    copyOut.run();
    long end = System.nanoTime();
    return new RunTimes(
        ready - start, computed - ready, end - computed, launched.getAsLong() - before);
  }
}
