package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.InputException;
import dev.lethe.Lethe;
import dev.lethe.Options;
import dev.lethe.backend.Peak;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lethe bench}. */
@Command(
    name = "bench",
    customSynopsis = "lethe bench [OPTION]... [--shapes=FILE | MODEL]",
    header = "Time networks on every device: from which batch size does it pay?",
    description = {
      "Runs a model, at batch sizes in powers of two, or LSTMs of given shapes on every device",
      "that works. Without either a small list of shapes is measured. The last line is the verdict.",
      "%nAll times are medians. MS is a whole run from arrays to arrays in Java's memory, SPREAD the",
      "middle half of all runs; COPY IN, COMPUTE and COPY OUT (in ms) are measured apart, in runs",
      "that wait between these parts. GFLOP/S and OF PEAK are those of COMPUTE. The CPU's peak is",
      "measured, with the Vector API; of other devices it is not known, nor where a run was faster",
      "than what was measured. LAUNCHES counts kernels."
    },
    footer = {
      "%nWithout -d every device that works is measured, but for the slow reference cpu:scalar.",
      "Batches that need too much time or memory are left out, which is said below the table.",
      "%nExamples:",
      "  lethe bench                                 a first impression",
      "  lethe bench model.onnx --steps 100 --seconds 300",
      "  lethe bench --shapes shapes.txt -d cpu --json",
      ExitCodes.HELP
    })
final class BenchCommand implements Callable<Integer> {
  private static final double MOST_SECONDS = 86_400;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "60",
      description = {
        "How long all of it may take, roughly; default: 60. Java's",
        "compiler, some seconds on the CPU, comes on top."
      })
  private double seconds;

  @Option(names = "--json", description = "Write JSON.")
  private boolean json;

  @Mixin private MeasuredOptions measured = new MeasuredOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Options options = device.options();
    check();
    OptionalInt code = FasterJava.run(spec, options, Long.MAX_VALUE);
    if (code.isPresent()) {
      return code.getAsInt();
    }
    List<BenchNetwork> networks = networks();
    List<Options> devices = devices(options);
    int points = devices.size() * networks.stream().mapToInt(n -> n.batches().size()).sum();
    List<BenchResult> results = new ArrayList<>();
    BenchRunner runner;
    try (Progress progress = new Progress("measurements", points)) {
      runner = new BenchRunner(devices, networks.size(), seconds, progress);
      networks.forEach(network -> results.add(runner.measure(network)));
    }
    requireResults(results, runner.failures());
    runner
        .failures()
        .forEach(e -> Main.err(spec).println("lethe: " + Failures.oneLine(e.getMessage())));
    PrintWriter out = Main.out(spec);
    Map<String, Peak> peaks = BenchResult.believable(runner.peaks(), results);
    if (json) {
      Json.print(out, json(runner.devices(), peaks, results));
    } else {
      print(out, runner.devices(), peaks, results);
    }
    out.flush();
    return runner.failures().isEmpty() ? ExitCodes.DONE : ExitCodes.DEVICE_FAILED;
  }

  private void check() {
    measured.check(List.of());
    measured.requireFiles();
    boolean sensible = seconds > 0 && seconds <= MOST_SECONDS;
    if (!sensible) {
      throw new InputException("--seconds " + seconds + ": must be above 0, 86400 at most");
    }
  }

  private List<BenchNetwork> networks() {
    return measured
        .graph()
        .map(graph -> List.of(BenchNetwork.of(graph, measured.steps())))
        .orElseGet(() -> BenchNetwork.of(measured.shapes()));
  }

  /** Every device that is worth measuring, or the one that -d asks for. */
  private static List<Options> devices(Options options) {
    return options.device().equals("auto")
        ? Lethe.devices().stream()
            .filter(d -> d.usable() && d.kind() != Device.Kind.REFERENCE)
            .map(d -> options.withDevice(d.id()))
            .toList()
        : List.of(options);
  }

  private void requireResults(List<BenchResult> results, List<DeviceException> failures) {
    if (results.stream().allMatch(result -> result.rows().isEmpty())) {
      if (!failures.isEmpty()) {
        throw failures.get(0);
      }
      throw new InputException(
          "nothing was measured: "
              + results.stream()
                  .flatMap(result -> result.gaps().stream())
                  .findFirst()
                  .map(BenchGap::text)
                  .orElse("")
              + "; give more --seconds than "
              + BenchResult.number(seconds)
              + ", or smaller networks");
    }
  }

  private static void print(
      PrintWriter out,
      Map<String, Device> devices,
      Map<String, Peak> peaks,
      List<BenchResult> results) {
    Table table = new Table();
    devices.forEach((id, found) -> table.row(id, found.name(), peak(peaks.get(id))));
    table.print(out, "");
    for (BenchResult result : results) {
      out.println();
      out.println(Failures.oneLine(result.network()));
      result.table(peaks).print(out, "  ");
      result.gaps().forEach(gap -> out.println("  not measured: " + Failures.oneLine(gap.text())));
      if (results.size() > 1) {
        out.println("  " + result.verdict());
      }
    }
    out.println();
    out.println(BenchResult.verdict(results));
  }

  private static String peak(@Nullable Peak peak) {
    return peak == null
        ? "peak not known"
        : "peak "
            + BenchResult.number(peak.operations() / 1e9)
            + " GFLOP/s ("
            + peak.source()
            + ")";
  }

  private static Map<String, Object> json(
      Map<String, Device> devices, Map<String, Peak> peaks, List<BenchResult> results) {
    List<Object> listed = new ArrayList<>();
    devices.forEach((id, found) -> listed.add(json(found, peaks.get(id))));
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("devices", listed);
    all.put("networks", results.stream().map(result -> result.json(peaks)).toList());
    all.put("verdict", BenchResult.verdict(results));
    return all;
  }

  private static Map<String, Object> json(Device found, @Nullable Peak peak) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("id", found.id());
    all.put("name", found.name());
    all.put("description", found.description());
    if (peak != null) {
      all.put("peak_gflops", peak.operations() / 1e9);
      all.put("peak_source", peak.source());
    }
    return all;
  }
}
