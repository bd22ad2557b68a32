package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.network.Graph;
import dev.lethe.network.LstmShape;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code bench} and {@code tune} measure: a model, or LSTMs of given shapes. */
final class MeasuredOptions {
  @Parameters(arity = "0..1", paramLabel = "MODEL", description = Model.FILE)
  private Optional<Path> model = Optional.empty();

  @Option(
      names = "--shapes",
      paramLabel = "FILE",
      description = {
        "Shapes TxBxIxH or TxBxIxHxLxD, one a line: steps, batch, input",
        "size, hidden size, layers, directions. # begins a comment. Or CSV",
        "with the columns T, B, I, H, layers and directions."
      })
  private Optional<Path> shapes = Optional.empty();

  @Option(
      names = "--steps",
      paramLabel = "T",
      description = "Time steps of MODEL, where it leaves them open; default: 64.")
  private Optional<Integer> steps = Optional.empty();

  @Option(
      names = {"-i", "--input"},
      paramLabel = "NAME=FILE",
      description = "Weights that MODEL takes as inputs; other arrays are not looked at.")
  private List<String> inputs = List.of();

  /**
   * Refuses what does not go together.
   *
   * @param batches of the model, if the command takes them
   */
  void check(List<Integer> batches) {
    if (model.isPresent() && shapes.isPresent()) {
      throw new InputException("--shapes and a MODEL: give one of them");
    }
    if (model.isEmpty() && (steps.isPresent() || !batches.isEmpty() || !inputs.isEmpty())) {
      String given = steps.isPresent() ? "--steps" : batches.isEmpty() ? "-i" : "--batch";
      throw new InputException(given + ": belongs to a MODEL; give one");
    }
    if (steps.isPresent() && steps.get() < 1) {
      throw new InputException("--steps " + steps.get() + ": must be at least 1");
    }
  }

  /** Refuses files that are not there, and shapes that are none; reads no model. */
  void requireFiles() {
    model.ifPresent(Model::requireFile);
    shapes.ifPresent(BenchShapes::read);
    Inputs.requireFiles(inputs);
  }

  /** Time steps of the model, if given. */
  Optional<Integer> steps() {
    return steps;
  }

  /** The model's graph, if a model is given. */
  Optional<Graph> graph() {
    model.ifPresent(Model::requireFile);
    return model.map(file -> Model.graph(Model.load(file, Inputs.read(inputs).named()).network()));
  }

  /** The shapes where no model is given: those of the file, or a small list. */
  List<LstmShape> shapes() {
    return shapes.map(BenchShapes::read).orElseGet(BenchShapes::builtIn);
  }
}
