package dev.lethe.cli;

import dev.lethe.backend.RunTimes;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * Times of a network on a device at one batch size; all are medians, in seconds.
 *
 * @param device its id
 * @param batch sequences in a run
 * @param operations of a run
 * @param runs how often it ran
 * @param total of a run, from inputs to outputs in the caller's memory
 * @param spread the middle half of all totals, from shortest to longest, over their median
 * @param copyIn inputs to the device
 * @param compute everything between
 * @param copyOut outputs from the device
 * @param launches kernels started in a run
 * @param kernels of the recurrence of each LSTM layer; empty where there are none
 */
record BenchRow(
    String device,
    int batch,
    double operations,
    int runs,
    double total,
    double spread,
    double copyIn,
    double compute,
    double copyOut,
    long launches,
    List<String> kernels) {

  /** What was measured, in nanoseconds: whole runs, and other runs in parts. */
  static BenchRow of(
      String device,
      int batch,
      double operations,
      List<Long> totals,
      List<RunTimes> parts,
      List<String> kernels) {
    double[] sorted = totals.stream().mapToDouble(nanos -> nanos / 1e9).sorted().toArray();
    double median = sorted[sorted.length / 2];
    double quarters = sorted[sorted.length * 3 / 4] - sorted[sorted.length / 4];
    return new BenchRow(
        device,
        batch,
        operations,
        sorted.length,
        median,
        quarters / median,
        median(parts, RunTimes::copyInNanos),
        median(parts, RunTimes::computeNanos),
        median(parts, RunTimes::copyOutNanos),
        parts.get(0).launches(),
        kernels);
  }

  /** Sequences in a second, transfers counted in. */
  double sequencesPerSecond() {
    return batch / total;
  }

  /** Operations in a second, while it computes. */
  double operationsPerSecond() {
    return operations / compute;
  }

  private static double median(List<RunTimes> parts, ToLongFunction<RunTimes> part) {
    long[] sorted = parts.stream().mapToLong(part).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2] / 1e9;
  }
}
