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
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lethe compare}. */
@Command(
    name = "compare",
    header = "Hold every device against the reference in double precision.",
    description = {
      "Runs the same input on every device that works and holds the results against a",
      "reference in double precision: largest and typical (median) error, absolute,",
      "relative and in units in the last place, and the median time of a run."
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

  @Parameters(
      paramLabel = "MODEL",
      description = "A model file: .onnx, .safetensors, .keras or .h5.")
  private Path model = Path.of("");

  @Option(
      names = {"-i", "--input"},
      paramLabel = "[NAME=]FILE",
      description = "Arrays that go in; may be given several times.")
  private List<String> inputs = List.of();

  @Option(
      names = "--lengths",
      paramLabel = "FILE",
      description = "Length of each sequence, an integer array [batch].")
  private Optional<Path> lengths = Optional.empty();

  @Mixin private DeviceOptions device = new DeviceOptions();
  @Spec private CommandSpec spec;

  /** What every device is held against. */
  private record Reference(
      Map<String, Tensor> inputs, Tolerance tolerance, Map<String, double[]> outputs) {}

  @Override
  public Integer call() {
    Options options = device.options();
    Model.requireFile(model);
    Inputs given = Inputs.read(inputs);
    Model loaded = Model.load(model, given.named());
    Graph graph = Model.graph(loaded.network());
    boolean madeUp = inputs.isEmpty() && lengths.isEmpty();
    Map<String, Tensor> bound =
        madeUp ? MadeUpInputs.of(graph) : given.bind(graph, lengths, loaded.weights());
    Reference reference =
        new Reference(
            bound, Agreement.tolerance(graph, bound), ScalarSession.outputs(graph, bound));
    Table table =
        new Table()
            .row(
                "DEVICE", "OUTPUT", "LARGEST", "TYPICAL", "REL.", "TYPICAL", "ULP", "TYPICAL", "MS",
                "VERDICT");
    boolean passed = true;
    for (Options each : devices(options)) {
      passed &= row(table, graph, each, reference);
    }
    PrintWriter out = Main.out(spec);
    table.print(out, "");
    out.println(verdict(passed, bound, reference.tolerance()));
    out.flush();
    return passed ? ExitCodes.DONE : ExitCodes.CHECK_FAILED;
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

  private boolean row(Table table, Graph graph, Options options, Reference reference) {
    try (Session session = graph.open(options)) {
      Map<String, Tensor> results = session.run(reference.inputs());
      String time = format(milliseconds(session, reference.inputs(), results));
      boolean passed = true;
      for (Map.Entry<String, Agreement> entry :
          Agreement.check(reference.tolerance(), reference.outputs(), results).entrySet()) {
        passed &= entry.getValue().passes();
        row(table, session.device().id(), entry.getKey(), entry.getValue(), time);
      }
      return passed;
    } catch (LetheException e) {
      if (!device.options().device().equals("auto")) {
        throw e;
      }
      Main.err(spec)
          .println("lethe: " + options.device() + " failed: " + Failures.oneLine(e.getMessage()));
      table.row(options.device(), "-", "-", "-", "-", "-", "-", "-", "-", "failed");
      return false;
    }
  }

  private static void row(Table table, String id, String output, Agreement agreement, String time) {
    table.row(
        id,
        output,
        format(agreement.absolute().largest()),
        format(agreement.absolute().typical()),
        format(agreement.relative().largest()),
        format(agreement.relative().typical()),
        format(agreement.ulp().largest()),
        format(agreement.ulp().typical()),
        time,
        agreement.passes() ? "within" : "BEYOND: " + agreement.worst());
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

  private static String verdict(boolean passed, Map<String, Tensor> inputs, Tolerance tolerance) {
    return String.format(
        Locale.ROOT,
        "%s: |error| <= %.2e + %.2e * |expected| on %s",
        passed ? "within tolerance" : "BEYOND TOLERANCE",
        tolerance.absolute(),
        tolerance.relative(),
        inputs);
  }

  private static String format(double value) {
    return value != 0 && (value < 0.01 || value >= 1e5)
        ? String.format(Locale.ROOT, "%.2e", value)
        : String.format(Locale.ROOT, "%.2f", value);
  }
}
