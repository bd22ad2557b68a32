package dev.lethe.cli;

import dev.lethe.backend.Peak;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Times of one network on every device, and what follows from them.
 *
 * @param network its name
 * @param rows by device, batches ascending
 * @param gaps what was not measured, and why
 */
record BenchResult(String network, List<BenchRow> rows, List<BenchGap> gaps) {
  /** What other devices must beat. */
  static final String CPU = "cpu";

  private static final String NEVER = CPU + " is the fastest at every batch size measured";
  private static final String LATE = "too little time to compare devices; raise --seconds";
  private static final String APART = "no batch size was measured on two devices";

  /** A row for each batch size and device. */
  Table table(Map<String, Peak> peaks) {
    Table table =
        new Table()
            .row(
                "BATCH",
                "DEVICE",
                "MS",
                "SPREAD",
                "COPY IN",
                "COMPUTE",
                "COPY OUT",
                "SEQUENCES/S",
                "GFLOP/S",
                "OF PEAK",
                "LAUNCHES",
                "RUNS");
    for (BenchRow row : byBatch()) {
      table.row(
          Integer.toString(row.batch()),
          row.device(),
          number(1e3 * row.total()),
          Comparison.percent(row.spread()),
          number(1e3 * row.copyIn()),
          number(1e3 * row.compute()),
          number(1e3 * row.copyOut()),
          number(row.sequencesPerSecond()),
          number(row.operationsPerSecond() / 1e9),
          share(row, peaks).map(Comparison::percent).orElse("-"),
          row.launches() == 0 ? "-" : Long.toString(row.launches()),
          Integer.toString(row.runs()));
    }
    return table;
  }

  private List<BenchRow> byBatch() {
    return rows.stream().sorted(Comparator.comparingInt(BenchRow::batch)).toList();
  }

  /** Share of the device's peak while it computes, where the peak is known. */
  private static Optional<Double> share(BenchRow row, Map<String, Peak> peaks) {
    return Optional.ofNullable(peaks.get(row.device()))
        .map(peak -> row.operationsPerSecond() / peak.operations());
  }

  /** Every device but the CPU. */
  List<String> others() {
    return rows.stream().map(BenchRow::device).distinct().filter(d -> !d.equals(CPU)).toList();
  }

  /** Whether there is something to compare with. */
  boolean compares() {
    return others().stream().anyMatch(device -> !faster(device).isEmpty());
  }

  /**
   * The batch size from which a device is faster than the CPU at every batch size that was measured
   * on both; empty if it is not at the largest.
   */
  Optional<Integer> paysFrom(String device) {
    Optional<Integer> from = Optional.empty();
    for (Map.Entry<Integer, Boolean> each : faster(device).entrySet()) {
      if (!each.getValue()) {
        from = Optional.empty();
      } else if (from.isEmpty()) {
        from = Optional.of(each.getKey());
      }
    }
    return from;
  }

  /** Whether a device is faster than the CPU, by batch size in ascending order. */
  private TreeMap<Integer, Boolean> faster(String device) {
    TreeMap<Integer, Boolean> faster = new TreeMap<>();
    for (BenchRow cpu : rows) {
      for (BenchRow row : rows) {
        if (cpu.device().equals(CPU) && row.device().equals(device) && row.batch() == cpu.batch()) {
          faster.put(row.batch(), row.total() < cpu.total());
        }
      }
    }
    return faster;
  }

  /** One line. */
  String verdict() {
    if (rows.isEmpty()) {
      return "nothing was measured";
    }
    if (!compares()) {
      BenchRow best =
          rows.stream().max(Comparator.comparingDouble(BenchRow::sequencesPerSecond)).orElseThrow();
      return best.device()
          + ": at most "
          + number(best.sequencesPerSecond())
          + " sequences/s, at a batch of "
          + best.batch()
          + "; "
          + whyAlone(List.of(this)).orElse("no other device to compare with");
    }
    boolean ever = others().stream().anyMatch(device -> faster(device).containsValue(true));
    return ever ? others().stream().map(this::verdict).collect(Collectors.joining("; ")) : NEVER;
  }

  /** Why nothing can be compared, if there was more than one device. */
  private static Optional<String> whyAlone(List<BenchResult> results) {
    Set<String> measured = new HashSet<>();
    Set<String> late = new HashSet<>();
    for (BenchResult result : results) {
      result.rows.forEach(row -> measured.add(row.device()));
      result.gaps.stream().filter(BenchGap::late).forEach(gap -> late.add(gap.device()));
    }
    Set<String> all = new HashSet<>(measured);
    all.addAll(late);
    if (all.size() < 2) {
      return Optional.empty();
    }
    return Optional.of(late.isEmpty() ? APART : LATE);
  }

  /** The peaks but for those that a run was faster than, so that something else was measured. */
  static Map<String, Peak> believable(Map<String, Peak> peaks, List<BenchResult> results) {
    Map<String, Peak> believable = new LinkedHashMap<>(peaks);
    for (BenchResult result : results) {
      for (BenchRow row : result.rows) {
        if (share(row, peaks).orElse(0.0) > 1) {
          believable.remove(row.device());
        }
      }
    }
    return believable;
  }

  private String verdict(String device) {
    TreeMap<Integer, Boolean> faster = faster(device);
    if (faster.isEmpty()) {
      return device + " has no batch size in common with " + CPU;
    }
    Optional<Integer> from = paysFrom(device);
    if (from.isPresent()) {
      return device
          + (from.get().equals(faster.firstKey()) && faster.size() > 1
              ? " pays at every batch size measured"
              : " pays from a batch of " + from.get() + " on");
    }
    List<String> some = new ArrayList<>();
    faster.forEach(
        (batch, yes) -> {
          if (yes) {
            some.add(batch.toString());
          }
        });
    return some.isEmpty()
        ? device + " does not pay"
        : device + " is faster than " + CPU + " only at a batch of " + String.join(", ", some);
  }

  /** One line for all networks. */
  static String verdict(List<BenchResult> results) {
    if (results.size() == 1) {
      return results.get(0).verdict();
    }
    List<BenchResult> compared = results.stream().filter(BenchResult::compares).toList();
    if (compared.isEmpty()) {
      return whyAlone(results).orElse("only one device was measured; nothing to compare it with");
    }
    List<String> devices =
        compared.stream().flatMap(result -> result.others().stream()).distinct().toList();
    List<String> paying = new ArrayList<>();
    for (String device : devices) {
      List<Integer> from =
          compared.stream().flatMap(result -> result.paysFrom(device).stream()).sorted().toList();
      if (!from.isEmpty()) {
        paying.add(
            device + " pays for " + from.size() + " of " + results.size() + " networks" + on(from));
      }
    }
    return paying.isEmpty()
        ? compared.stream().allMatch(result -> result.verdict().equals(NEVER))
            ? NEVER
            : CPU + " is the fastest at the largest batch size of every network"
        : String.join("; ", paying);
  }

  private static String on(List<Integer> from) {
    int least = from.get(0);
    int most = from.get(from.size() - 1);
    return least == most
        ? ", from a batch of " + least + " on"
        : ", from batches of " + least + " to " + most + " on";
  }

  /** For {@link Json}; times in milliseconds. */
  Map<String, Object> json(Map<String, Peak> peaks) {
    Map<String, Object> from = new LinkedHashMap<>();
    others().forEach(device -> paysFrom(device).ifPresent(batch -> from.put(device, batch)));
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("network", network);
    all.put("rows", byBatch().stream().map(row -> json(row, peaks)).toList());
    all.put("pays_from_batch", from);
    all.put("notes", gaps.stream().map(BenchGap::text).toList());
    all.put("verdict", verdict());
    return all;
  }

  private static Map<String, Object> json(BenchRow row, Map<String, Peak> peaks) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("batch", row.batch());
    all.put("device", row.device());
    all.put("runs", row.runs());
    all.put("ms", 1e3 * row.total());
    all.put("spread", row.spread());
    all.put("copy_in_ms", 1e3 * row.copyIn());
    all.put("compute_ms", 1e3 * row.compute());
    all.put("copy_out_ms", 1e3 * row.copyOut());
    all.put("sequences_per_s", row.sequencesPerSecond());
    all.put("gflops", row.operationsPerSecond() / 1e9);
    share(row, peaks).ifPresent(share -> all.put("share_of_peak", share));
    all.put("launches", row.launches());
    all.put("kernels", row.kernels());
    all.put("tuned", row.kernels().stream().anyMatch(kernel -> kernel.endsWith(", tuned")));
    return all;
  }

  /** With three digits or so. */
  static String number(double value) {
    int digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
    return value != 0 && value < 0.001
        ? String.format(Locale.ROOT, "%.1e", value)
        : String.format(Locale.ROOT, "%,." + digits + "f", value);
  }
}
