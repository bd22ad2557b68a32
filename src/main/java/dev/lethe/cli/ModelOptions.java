package dev.lethe.cli;

import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Precision;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What every command takes that runs a model on arrays: the model, its inputs, and where. */
final class ModelOptions {
  /**
   * A model with its arrays.
   *
   * @param graph what every importer makes
   * @param inputs by name; those that the graph took as weights are not among them
   */
  record Loaded(Graph graph, Map<String, Tensor> inputs) {}

  /**
   * A model with the files of its arrays.
   *
   * @param graph what every importer makes
   * @param inputs by name; those that the graph took as weights are not among them
   */
  record Listed(Graph graph, Map<String, ArrayFile> inputs) {
    /** The arrays; those of names that the graph does not have are for the session to refuse. */
    Map<String, Tensor> read() {
      Map<String, Tensor> read = new LinkedHashMap<>();
      Port unknown = new Port("", Tensor.Type.FLOAT32, new Shape(List.of()), false, "");
      inputs.forEach(
          (name, file) ->
              read.put(
                  name,
                  file.read(
                      graph.inputs().stream()
                          .filter(port -> port.name().equals(name))
                          .findFirst()
                          .orElse(unknown),
                      0)));
      return read;
    }
  }

  /** From so many bytes on an input is not read at once. */
  private static final long LARGE = 64L << 20;

  @Parameters(paramLabel = "MODEL", description = Model.FILE)
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

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  Path model() {
    return model;
  }

  /** The files of the arrays, and folders of such; not each need be there. */
  List<Path> arrays() {
    List<Path> files = new ArrayList<>();
    inputs.forEach(text -> files.add(ArrayFile.withoutShape(NamedFile.ofInput(text).file())));
    lengths.ifPresent(files::add);
    return files;
  }

  /** How to open the session. */
  Options options() {
    return device.options();
  }

  /** The precision that {@code -p} names, or every one that there is. */
  List<Precision> precisions() {
    return device.precisions();
  }

  /** Whether arrays are given. */
  boolean hasInputs() {
    return !inputs.isEmpty() || lengths.isPresent();
  }

  /** Refuses a command line without arrays; before anything that takes long. */
  void requireInputs() {
    if (inputs.isEmpty()) {
      throw new CommandLine.ParameterException(
          spec.commandLine(), "Missing required option: '--input=[NAME=]FILE'");
    }
  }

  /** Refuses files that are not there; reads none. */
  void requireFiles() {
    Model.requireFile(model);
    Inputs.requireFiles(inputs);
    lengths.ifPresent(file -> new NamedFile(Optional.empty(), file).requireFile());
  }

  /**
   * Reads the model and the arrays.
   *
   * @throws dev.lethe.InputException when there is no such file, or an array does not fit
   * @throws dev.lethe.ModelFormatException when the model is damaged or holds something unknown
   */
  Loaded load() {
    Model.requireFile(model);
    Inputs<Tensor> given = Inputs.read(inputs);
    Model loaded = Model.load(model, given.named());
    Graph graph = Model.graph(loaded.network());
    return new Loaded(graph, hasInputs() ? given.bind(graph, lengths, loaded.weights()) : Map.of());
  }

  /** Whether arrays are given that are not to be read at once, or cannot. */
  boolean isLarge() {
    long bytes = 0;
    for (String text : inputs) {
      Path file = NamedFile.ofInput(text).file();
      if (Files.isDirectory(file) || ArrayFile.isCsv(file)) {
        return true;
      }
      bytes += file.toFile().length();
    }
    return bytes >= LARGE;
  }

  /**
   * Reads the model, and looks where the arrays are.
   *
   * @throws dev.lethe.InputException when there is no such file
   * @throws dev.lethe.ModelFormatException when the model is damaged or holds something unknown
   */
  Listed list() {
    Model.requireFile(model);
    Inputs<ArrayFile> given = Inputs.list(inputs);
    Map<String, Tensor> weights = new LinkedHashMap<>();
    for (String name : Model.weightNames(model)) {
      if (given.named().containsKey(name)) {
        weights.put(name, given.named().get(name).readWeights());
      }
    }
    Model loaded = Model.load(model, weights);
    Graph graph = Model.graph(loaded.network());
    return new Listed(graph, given.bind(graph, lengths, loaded.weights()));
  }
}
