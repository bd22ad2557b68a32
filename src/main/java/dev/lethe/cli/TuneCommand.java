package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.backend.opencl.Tuning;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.LstmShape;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lethe tune}. */
@Command(
    name = "tune",
    customSynopsis = "lethe tune [OPTION]... [--shapes=FILE | MODEL]",
    header = "Find the fastest kernels and tiles for an OpenCL device, and keep them.",
    description = {
      "Times every kernel and tile that could run each LSTM layer of a model, or of a list of",
      "shapes, on one device. Each is held against the reference in double precision first: what",
      "does not build or is wrong is not taken. Sessions on this device, with this driver and",
      "version of Lethe, then take the fastest for layers of the same hidden size and directions",
      "in the same precision, at batches of half to twice the size; in fp32 no result changes.",
      "Two stacked layers of one direction are also timed as one, in chunks of steps.",
      "%nA file that is damaged or from another driver is passed over with a line in the log."
    },
    footer = {
      "%nThe user's file is $LETHE_TUNING, or tuning.json in the folder of compiled programs:",
      "$LETHE_CACHE, $XDG_CACHE_HOME/lethe or ~/.cache/lethe.",
      "Exit code 1 if nothing that was tried ran right for some layer.",
      "%nExamples:",
      "  lethe tune -d opencl                        a small list of shapes",
      "  lethe tune model.onnx --steps 100 --batch 1,32,256",
      "  lethe tune --shapes shapes.csv -d opencl:1.0 -p fp16",
      ExitCodes.HELP
    })
final class TuneCommand implements Callable<Integer> {
  private static final int MOST_BATCH = 1 << 20;

  @Option(
      names = "--batch",
      paramLabel = "B",
      split = ",",
      description = "Batch sizes of MODEL, where it leaves them open; default: 32.")
  private List<Integer> batches = List.of();

  @Option(
      names = "--file",
      paramLabel = "FILE",
      description = "Where to keep what is found; default: the user's file, see below.")
  private Optional<Path> file = Optional.empty();

  @Mixin private MeasuredOptions measured = new MeasuredOptions();
  @Mixin private DeviceOptions device = new DeviceOptions();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Options options = device.options();
    check();
    Path target = file.orElseGet(Tuning::userFile);
    Set<LstmShape> layers = layers();
    Device chosen = device(options);
    Tuning.check(target);
    Tuning tuning = new Tuning(chosen.id(), options.precision(), ScalarSession::outputs);
    List<Tuning.Found> found = new ArrayList<>();
    int choices = layers.stream().mapToInt(tuning::choices).sum();
    AtomicInteger done = new AtomicInteger();
    int kept = 0;
    try (Progress progress = new Progress("choices", choices)) {
      int before = 0;
      for (LstmShape layer : layers) {
        found.add(tuning.tune(layer, () -> progress.accept(done.incrementAndGet())));
        kept = tuning.keep(target); // each, so that an interruption loses only one
        before += tuning.choices(layer);
        done.set(before); // pairs have fewer choices than they may have
        progress.accept(before);
      }
    }
    print(chosen, found);
    boolean pairs = layers.stream().anyMatch(layer -> layer.layers() > 1);
    String what = pairs ? "layers and pairs of layers" : "layers";
    Main.out(spec)
        .println("kept for " + kept + " of " + found.size() + " " + what + " in " + target);
    Main.out(spec).flush();
    return kept == found.size() ? ExitCodes.DONE : ExitCodes.CHECK_FAILED;
  }

  private void check() {
    measured.check(batches);
    for (int batch : batches) {
      if (batch < 1 || batch > MOST_BATCH) {
        throw new InputException("--batch " + batch + ": must be from 1 to " + MOST_BATCH);
      }
    }
  }

  /** The device that a session would run on, which must be one that has something to tune. */
  private static Device device(Options options) {
    try (Session session = SelfTest.network().open(options)) {
      Device found = session.device();
      if (found.kind() == Device.Kind.OPENCL_GPU || found.kind() == Device.Kind.OPENCL_CPU) {
        return found;
      }
      throw new InputException(
          "device " + found.id() + " has nothing to tune; name an OpenCL device with -d");
    }
  }

  /** Every layer once, and then every two of one direction of which one reads the other. */
  private Set<LstmShape> layers() {
    Set<LstmShape> layers = new LinkedHashSet<>();
    Set<LstmShape> pairs = new LinkedHashSet<>();
    measured
        .graph()
        .ifPresentOrElse(
            graph -> add(graph, layers, pairs),
            () -> measured.shapes().forEach(shape -> add(shape, layers, pairs)));
    layers.addAll(pairs);
    return layers;
  }

  /** The layers of a model, at each batch. */
  private void add(Graph graph, Set<LstmShape> layers, Set<LstmShape> pairs) {
    Map<String, Integer> sizes = new TreeMap<>(MadeUpInputs.sizes(graph, measured.steps()));
    List<Integer> each = batches.isEmpty() ? List.of(0) : batches;
    for (int batch : each) {
      if (batch > 0) {
        String name =
            graph
                .batchSize()
                .orElseThrow(
                    () -> new InputException("--batch: the model fixes its batch; leave it out"));
        sizes.put(name, batch);
      }
      List<LstmShape> all = graph.lstms().map(lstm -> shape(lstm, sizes)).toList();
      layers.addAll(all);
      for (int k = 0; k + 1 < all.size(); k++) {
        if (all.get(k + 1).equals(above(all.get(k)))) {
          addPair(all.get(k), pairs);
        }
      }
    }
    if (layers.isEmpty()) {
      throw new InputException(graph.name() + ": there is no LSTM layer in it to tune");
    }
  }

  private static LstmShape shape(Lstm lstm, Map<String, Integer> sizes) {
    return new LstmShape(
        lstm.time().resolve(sizes),
        lstm.batch().resolve(sizes),
        lstm.inputSize(),
        lstm.hiddenSize(),
        1,
        lstm.directions().size());
  }

  /** The layers of a shape: all but the first read what the one below puts out. */
  private static void add(LstmShape shape, Set<LstmShape> layers, Set<LstmShape> pairs) {
    LstmShape layer = with(shape, shape.inputSize(), 1);
    int different = Math.min(3, shape.layers()); // pairs, the second and third among them
    for (int k = 0; k < different; k++) {
      layers.add(layer);
      if (k + 1 < different) {
        addPair(layer, pairs);
      }
      layer = above(layer);
    }
  }

  /** Layers share launches where they have one direction. */
  private static void addPair(LstmShape lower, Set<LstmShape> pairs) {
    if (lower.directions() == 1) {
      pairs.add(with(lower, lower.inputSize(), 2));
    }
  }

  private static LstmShape above(LstmShape layer) {
    return with(layer, layer.outputSize(), 1);
  }

  private static LstmShape with(LstmShape shape, int input, int layers) {
    return new LstmShape(
        shape.steps(), shape.batch(), input, shape.hiddenSize(), layers, shape.directions());
  }

  private void print(Device chosen, List<Tuning.Found> found) {
    PrintWriter out = Main.out(spec);
    out.println(Failures.oneLine(chosen.id() + " (" + chosen.name() + ")"));
    Table table = new Table().row("LAYER", "MS", "UNTUNED", "TRIED", "FAULTS", "FASTEST");
    for (Tuning.Found each : found) {
      table.row(
          each.layer().toString(),
          each.kernel().isEmpty() ? "-" : BenchResult.number(each.milliseconds()),
          Double.isFinite(each.usualMilliseconds())
              ? BenchResult.number(each.usualMilliseconds())
              : "-",
          Integer.toString(each.tried()),
          Integer.toString(each.faults().size()),
          each.kernel().orElse("none"));
    }
    table.print(out, "");
    for (Tuning.Found each : found) {
      for (String fault : each.faults()) {
        Main.err(spec).println("lethe: " + each.layer() + ", " + Failures.oneLine(fault));
      }
    }
  }
}
