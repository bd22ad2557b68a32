package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.io.Npz;
import dev.lethe.io.WholeFiles;
import dev.lethe.network.Graph;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lethe trace}. */
@Command(
    name = "trace",
    header = "Look into the LSTM layers: gates, cell and hidden values over time.",
    description = {
      "Runs one sequence and writes what each direction of each LSTM layer computes at each",
      "step: gates i, f, g and o, cell c and hidden value h."
    },
    footer = {
      "%nThe archive holds LAYER.DIRECTION.i, .f, .g, .o and .c [steps, hidden size], .h [steps,",
      "output size], and the sequence's part of each input.NAME and output.NAME.",
      "The picture has a column for each direction of each layer, the input above and the",
      "output below. Time runs from left to right, in reverse directions too.",
      "%nExamples:",
      "  lethe trace model.onnx -i x.npy --plot gates.png",
      "  lethe trace model.onnx -i x.npy --sequence 17 -o gates.npz --plot gates.png",
      ExitCodes.HELP
    })
final class TraceCommand implements Callable<Integer> {
  @Option(
      names = "--sequence",
      paramLabel = "K",
      defaultValue = "0",
      description = "Which sequence of the batch, counted from 0 (default: 0).")
  private int sequence;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE.npz",
      description = "Where the arrays go.")
  private Optional<Path> output = Optional.empty();

  @Option(names = "--plot", paramLabel = "FILE.png", description = "Where the picture goes.")
  private Optional<Path> plot = Optional.empty();

  @Mixin private ModelOptions model = new ModelOptions();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Options options = model.options();
    model.requireInputs();
    checkTargets();
    ModelOptions.Loaded loaded = model.load();
    Graph graph = loaded.graph();
    Map<String, Tensor> bound = loaded.inputs();
    OneSequence one = new OneSequence(graph, bound, sequence);
    try (Session session = graph.open(options)) {
      Trace trace = session.trace(one.inputs(bound));
      TracedSequence traced = TracedSequence.of(graph, one, bound, trace);
      RunCommand.announce(session, FasterJava.work(graph, bound), Main.err(spec));
      write(traced);
    }
    return ExitCodes.DONE;
  }

  private void checkTargets() {
    if (output.isEmpty() && plot.isEmpty()) {
      throw new InputException("nothing to write; give -o FILE.npz, --plot FILE.png or both");
    }
    output.ifPresent(file -> checkTarget("-o", file, ".npz"));
    plot.ifPresent(file -> checkTarget("--plot", file, ".png"));
  }

  private static void checkTarget(String option, Path file, String ending) {
    if (!file.toString().endsWith(ending)) {
      throw new InputException(option + " " + file + ": the name must end in " + ending);
    }
    WholeFiles.check(file);
  }

  private void write(TracedSequence traced) {
    // a DISPLAY that does not answer must not keep a picture from being drawn in memory
    System.setProperty("java.awt.headless", "true");
    String title = model.model().getFileName() + ", sequence " + sequence;
    try (WholeFiles files = new WholeFiles()) {
      output.ifPresent(file -> files.add(file, out -> Npz.write(out, traced.arrays())));
      plot.ifPresent(file -> files.add(file, out -> traced.figure(title).write(out)));
      files.commit();
    }
  }
}
