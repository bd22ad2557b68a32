package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.WholeFiles;
import java.io.PrintWriter;
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
    header = "Run a model on arrays in .npy or .npz files.",
    footer = {
      "%nAn -i or -o FILE.npy without NAME= takes the next required input or the next output.",
      "An .npz binds by the names in it; as an output it gets every output.",
      "Inputs that the model takes as an LSTM's weights (W, R, B, P) are given as -i NAME=FILE.",
      "Outputs appear whole or not at all.",
      "%nExamples:",
      "  lethe run model.onnx -i x.npy -o y.npy",
      "  lethe run model.onnx -i X=x.npy --lengths n.npy -o Y_h=last.npy",
      "  lethe run model.safetensors -i all.npz -o out.npz -d opencl --batch-size 256",
      ExitCodes.HELP
    })
final class RunCommand implements Callable<Integer> {
  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "[NAME=]FILE",
      description = "Where outputs go; may be given several times.")
  private List<String> outputs = List.of();

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      description = "Run at most N sequences at a time; default: all at once.")
  private Optional<Integer> batchSize = Optional.empty();

  @Mixin private ModelOptions model = new ModelOptions();
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    Options options = model.options();
    model.requireInputs();
    if (batchSize.isPresent() && batchSize.get() < 1) {
      throw new InputException("--batch-size " + batchSize.get() + ": must be at least 1");
    }
    checkFolders();
    ModelOptions.Loaded loaded = model.load();
    Outputs plan = Outputs.plan(outputs, loaded.graph());
    long work = FasterJava.work(loaded.graph(), loaded.inputs());
    OptionalInt code = FasterJava.run(spec, options, work);
    if (code.isPresent()) {
      return code.getAsInt();
    }
    try (Session session = loaded.graph().open(options)) {
      Map<String, Tensor> results = results(session, loaded.inputs(), plan);
      announce(session, work, Main.err(spec));
      plan.write(results);
    }
    return ExitCodes.DONE;
  }

  private Map<String, Tensor> results(Session session, Map<String, Tensor> bound, Outputs plan) {
    if (batchSize.isEmpty()) {
      return session.run(bound);
    }
    Batches batches = new Batches(session, bound, batchSize.get());
    try (Progress progress = new Progress("sequences", batches.sequences())) {
      return batches.run(bound, plan.wanted(), progress);
    }
  }

  /**
   * Before the model is read, which may take long; names of outputs are looked at when it is there.
   */
  private void checkFolders() {
    for (String output : outputs) {
      WholeFiles.check(NamedFile.ofOutput(output, List.of()).checkKind().file());
    }
  }

  /** One line about where it runs, and a second where the Vector API is not used. */
  static void announce(Session session, long work, PrintWriter err) {
    err.println("lethe: " + Failures.oneLine(session.choice()));
    if (session.device().kind() == Device.Kind.CPU && !DoctorCommand.vectors()) {
      err.println(
          "lethe: "
              + (work < FasterJava.WORTH_IT
                  ? "plain Java arithmetic, which ends so little work before the Vector API, with"
                      + " the same bits, has started"
                  : Failures.oneLine(session.device().description())));
    }
    err.flush();
  }
}
