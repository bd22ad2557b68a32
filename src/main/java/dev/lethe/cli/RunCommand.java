package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.WholeFiles;
import dev.lethe.job.Axes;
import dev.lethe.job.Leftovers;
import dev.lethe.network.Graph;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lethe run}. */
@Command(
    name = "run",
    header = "Run a model on arrays in files.",
    footer = {
      "%nAn -i or -o FILE.npy without NAME= takes the next required input or the next output.",
      "An .npz binds by the names in it; as an output it gets every output.",
      "Inputs that the model takes as an LSTM's weights (W, R, B, P) are given as -i NAME=FILE.",
      "An input may also be a folder of .npy files, in the order of their names, or a .csv with the",
      "shape of one sequence: x.csv@52x1. An output may be a .csv with a row for each sequence.",
      "Outputs appear whole or not at all. What is large goes through memory in chunks; a run that",
      "was killed goes on with --resume.",
      "%nExamples:",
      "  lethe run model.onnx -i x.npy -o y.npy",
      "  lethe run model.onnx -i X=x.npy --lengths n.npy -o Y_h=last.npy",
      "  lethe run model.safetensors -i all.npz -o out.npz -d opencl --batch-size 256",
      "  lethe run model.onnx -i parts/ -o y.npy --memory 2g --resume",
      ExitCodes.HELP
    })
final class RunCommand implements Callable<Integer> {
  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "[NAME=]FILE",
      description = "Where outputs go; may be given several times.")
  private List<String> outputs = List.of();

  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private JobOptions job = new JobOptions();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Options options = model.options();
    model.requireInputs();
    job.check();
    checkOutputs();
    boolean several = Sessions.areSeveral(options);
    if (job.isGiven() || several || model.isLarge()) {
      ModelOptions.Listed listed = model.list();
      Optional<String> obstacle = Axes.obstacle(listed.graph());
      obstacle.ifPresent(why -> job.checkWhole(why, several));
      return obstacle.isPresent()
          ? whole(options, new ModelOptions.Loaded(listed.graph(), listed.read()))
          : inChunks(options, listed);
    }
    return whole(options, model.load());
  }

  /** So little, or so entangled, that it goes through at once. */
  private int whole(Options options, ModelOptions.Loaded loaded) {
    Graph graph = loaded.graph();
    Outputs plan = Outputs.plan(outputs, graph);
    long work = FasterJava.work(graph, loaded.inputs());
    OptionalInt code = FasterJava.run(spec, options, work);
    if (code.isPresent()) {
      return code.getAsInt();
    }
    if (work >= FasterJava.WORTH_IT && Axes.obstacle(graph).isEmpty()) {
      return inChunks(options, model.list());
    }
    try (Leftovers leftovers = Leftovers.hold(graph, plan.targets());
        Session session = graph.open(options)) {
      Map<String, Tensor> results = session.run(loaded.inputs());
      announce(session, work, Main.err(spec));
      plan.write(results);
      leftovers.delete();
    }
    return ExitCodes.DONE;
  }

  /** More than memory is to hold, or so long that what is done is to be kept. */
  private int inChunks(Options options, ModelOptions.Listed listed) {
    Outputs plan = Outputs.plan(outputs, listed.graph());
    return new JobRun(spec, options, job, model.model(), listed, plan).call();
  }

  /**
   * Before the model is read, which may take long; names of outputs are looked at when it is there.
   */
  private void checkOutputs() {
    List<Path> read = new ArrayList<>(model.arrays());
    job.offsets().ifPresent(read::add);
    if (Files.isRegularFile(model.model())) {
      read.add(model.model());
    }
    for (String output : outputs) {
      Path file = Outputs.checkKind(NamedFile.ofOutput(output, List.of())).file();
      WholeFiles.check(file);
      for (Path each : read) {
        if (isOrHolds(each, file)) {
          throw new InputException(
              "-o " + output + ": would change " + each + ", which is read; give another path");
        }
      }
    }
  }

  /** Whether it is the file, by whatever path, or a folder among whose arrays it would be. */
  private static boolean isOrHolds(Path read, Path file) {
    boolean among = Files.isDirectory(read) && file.toString().endsWith(".npy");
    Path place = among ? file.toAbsolutePath().getParent() : file;
    try {
      return Files.exists(place) && Files.exists(read) && Files.isSameFile(read, place);
    } catch (IOException e) {
      throw new InputException(read + ": cannot be read", e);
    }
  }

  /** One line about where it runs, and a second where the Vector API is not used. */
  static void announce(Session session, long work, PrintWriter err) {
    err.println("lethe: " + Failures.oneLine(session.choice()));
    if (session.device().kind() == Device.Kind.CPU && !DoctorCommand.vectors()) {
      err.println(
          "lethe: "
              + (work < FasterJava.WORTH_IT
                  ? "plain Java arithmetic, because the Vector API takes longer to start than this"
                      + " work takes; the bits are the same"
                  : Failures.oneLine(session.device().description())));
    }
    err.flush();
  }
}
