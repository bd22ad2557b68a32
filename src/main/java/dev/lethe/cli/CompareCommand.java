package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.LetheException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code lethe compare}. */
@Command(
    name = "compare",
    header = "Hold every device against the reference in double precision.",
    description = {
      "Runs the same input on every device that works and holds the results against a",
      "reference in double precision: largest and typical (median) error, absolute,",
      "relative and in units in the last place, the median time of a run, and how much of the",
      "tolerance the worst element uses up (OF ALLOWED). The last line is the verdict."
    },
    footer = {
      "%nWithout -d every device that works is compared.",
      "Without -i the input is made up, the same every time.",
      "Exit code 1 if a device fails or is beyond the tolerance for this network and input.",
      "%nExamples:",
      "  lethe compare model.onnx",
      "  lethe compare model.onnx -i x.npy -d opencl",
      ExitCodes.HELP
    })
final class CompareCommand implements Callable<Integer> {
  private static final int RUNS = 7;
  private static final long WARM_UP_NANOS = 500_000_000L;

  @Mixin private ModelOptions model = new ModelOptions();
  @Spec private CommandSpec spec;

  /** What every device is held against. */
  private record Reference(
      Map<String, Tensor> inputs, Tolerance tolerance, Map<String, double[]> outputs) {}

  @Override
  public Integer call() {
    Options options = model.options();
    // many runs, whose times are told: those of the arithmetic that large work gets
    OptionalInt code = FasterJava.run(spec, options, Long.MAX_VALUE);
    if (code.isPresent()) {
      return code.getAsInt();
    }
    ModelOptions.Loaded loaded = model.load();
    Graph graph = loaded.graph();
    Map<String, Tensor> inputs = model.hasInputs() ? loaded.inputs() : MadeUpInputs.of(graph);
    Reference reference =
        new Reference(
            inputs, Agreement.tolerance(graph, inputs), ScalarSession.outputs(graph, inputs));
    Comparison comparison = new Comparison();
    for (Options each : devices(options)) {
      for (String precision : model.precisions()) {
        add(comparison, graph, each, precision, reference);
      }
    }
    PrintWriter out = Main.out(spec);
    comparison.table().print(out, "");
    out.println(comparison.verdict(reference.tolerance()));
    out.flush();
    return comparison.passed() ? ExitCodes.DONE : ExitCodes.CHECK_FAILED;
  }

  /** Every device that works by its id, or the one that -d asks for. */
  private static List<Options> devices(Options options) {
    return options.device().equals("auto")
        ? Lethe.devices().stream()
            .filter(Device::usable)
            .map(d -> options.withDevice(d.id()))
            .toList()
        : List.of(options);
  }

  private void add(
      Comparison comparison, Graph graph, Options options, String precision, Reference reference) {
    try (Session session = graph.open(options)) {
      Map<String, Tensor> results = session.run(reference.inputs());
      // held against the reference before further runs overwrite them
      Map<String, Agreement> agreements =
          Agreement.check(reference.tolerance(), reference.outputs(), results);
      double time = milliseconds(session, reference.inputs(), results);
      comparison.add(session.device().id(), precision, agreements, time);
    } catch (LetheException e) {
      if (!model.options().device().equals("auto")) {
        throw e;
      }
      Main.err(spec)
          .println("lethe: " + options.device() + " failed: " + Failures.oneLine(e.getMessage()));
      comparison.addFailed(options.device(), precision);
    }
  }

  /** The median of several runs, after as many as let Java compile what is hot. */
  private static double milliseconds(
      Session session, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    Map<String, Tensor> reused = new LinkedHashMap<>(outputs);
    for (long begin = System.nanoTime(); System.nanoTime() - begin < WARM_UP_NANOS; ) {
      session.run(inputs, reused);
    }
    double[] times = new double[RUNS];
    for (int k = 0; k < RUNS; k++) {
      long start = System.nanoTime();
      session.run(inputs, reused);
      times[k] = (System.nanoTime() - start) / 1e6;
    }
    Arrays.sort(times);
    return times[RUNS / 2];
  }
}
