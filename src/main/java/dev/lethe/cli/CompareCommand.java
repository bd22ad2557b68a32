package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Lethe;
import dev.lethe.LetheException;
import dev.lethe.Options;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Tolerance;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import java.io.PrintWriter;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
      "relative and in units in the last place (ULP), the median time of a run, and how much of",
      "the tolerance the worst element uses up (OF ALLOWED). The last line is the verdict."
    },
    footer = {
      "%nWithout -d every device that works is compared, and without -p every precision that it has.",
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
  private record Reference(Map<String, Tensor> inputs, Map<String, double[]> outputs) {}

  @Override
  public Integer call() {
    Options options = model.options();
    model.requireFiles();
    // many runs, whose times are told: those of the arithmetic that large work gets
    OptionalInt code = FasterJava.run(spec, options, Long.MAX_VALUE);
    if (code.isPresent()) {
      return code.getAsInt();
    }
    ModelOptions.Loaded loaded = model.load();
    Graph graph = loaded.graph();
    Map<String, Tensor> inputs = model.hasInputs() ? loaded.inputs() : MadeUpInputs.of(graph);
    inputs.forEach(CompareCommand::requireFinite);
    Reference reference = new Reference(inputs, ScalarSession.outputs(graph, inputs));
    reference.outputs().forEach(CompareCommand::requireFinite);
    Comparison comparison = new Comparison();
    addAll(comparison, graph, options, reference);
    if (comparison.isEmpty()) {
      // no device has the precision, which opening one says
      graph.open(options).close();
    }
    PrintWriter out = Main.out(spec);
    comparison.table().print(out, "");
    out.println(comparison.verdict());
    out.flush();
    return comparison.passed() ? ExitCodes.DONE : ExitCodes.CHECK_FAILED;
  }

  /** NaN and infinity would be beyond any tolerance, on every device. */
  private static void requireFinite(String input, Tensor tensor) {
    if (tensor.type() == Tensor.Type.FLOAT32) {
      FloatBuffer values = tensor.floats();
      for (int k = 0; k < tensor.size(); k++) {
        if (!Float.isFinite(values.get(k))) {
          throw notFinite("input '" + input + "'", k, values.get(k));
        }
      }
    }
  }

  private static void requireFinite(String output, double[] values) {
    for (int k = 0; k < values.length; k++) {
      if (!Double.isFinite(values[k])) {
        throw notFinite("output '" + output + "' in double precision", k, values[k]);
      }
    }
  }

  private static InputException notFinite(String what, int element, double value) {
    return new InputException(
        what + ", element " + element + ": " + value + "; compare needs finite numbers");
  }

  /**
   * Every device that works, or the one that -d asks for, in every precision that it has, or the
   * one that -p asks for.
   */
  private void addAll(Comparison comparison, Graph graph, Options options, Reference reference) {
    List<Precision> precisions = model.precisions();
    if (options.device().equals("auto")) {
      for (Device device : Lethe.devices()) {
        Options here = options.withDevice(device.id());
        precisions.stream()
            .filter(precision -> device.usable() && device.computes(precision))
            .forEach(p -> add(comparison, graph, here.withPrecision(p), reference));
      }
      return;
    }
    // no other device is looked for; that of the first session tells what else it computes
    Options first = options.withPrecision(precisions.get(0));
    Optional<Device> device = add(comparison, graph, first, reference);
    precisions.stream()
        .skip(1)
        .filter(precision -> device.isPresent() && device.get().computes(precision))
        .forEach(p -> add(comparison, graph, options.withPrecision(p), reference));
  }

  /** Returns the device, unless it failed. */
  private Optional<Device> add(
      Comparison comparison, Graph graph, Options options, Reference reference) {
    String precision = options.precision().toString();
    Tolerance tolerance = Agreement.tolerance(graph, reference.inputs(), options.precision());
    try (Session session = graph.open(options)) {
      Map<String, Tensor> results = session.run(reference.inputs());
      // held against the reference before further runs overwrite them
      Map<String, Agreement> agreements = Agreement.check(tolerance, reference.outputs(), results);
      double time = milliseconds(session, reference.inputs(), results);
      comparison.add(session.device().id(), precision, tolerance, agreements, time);
      return Optional.of(session.device());
    } catch (LetheException e) {
      if (!model.options().device().equals("auto")) {
        throw e;
      }
      Main.err(spec)
          .println("lethe: " + options.device() + " failed: " + Failures.oneLine(e.getMessage()));
      comparison.addFailed(options.device(), precision);
      return Optional.empty();
    }
  }

  /** The median of several runs, after as many as let Java compile what is hot. */
  private static double milliseconds(
      Session session, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    Map<String, Tensor> reused = new LinkedHashMap<>(outputs);
    if (session instanceof GraphSession timed) {
      timed.warmUp();
    }
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
