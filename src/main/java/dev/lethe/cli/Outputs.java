package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.io.CsvFile;
import dev.lethe.io.Npy;
import dev.lethe.io.Npz;
import dev.lethe.io.WholeFiles;
import dev.lethe.job.Axes;
import dev.lethe.job.Target;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** Which outputs go to which files. */
final class Outputs {
  private final List<Target> targets = new ArrayList<>();
  private final Network network;

  private Outputs(Network network) {
    this.network = network;
  }

  /**
   * Gives each file its outputs, before anything is computed.
   *
   * @throws InputException when there is no such output, or a file could not be written
   */
  static Outputs plan(List<String> texts, Network network) {
    List<String> names = network.outputs().stream().map(Port::name).toList();
    Outputs outputs = new Outputs(network);
    Set<Path> files = new HashSet<>();
    for (String text : texts) {
      NamedFile file = checkKind(NamedFile.ofOutput(text, names));
      WholeFiles.check(file.file());
      if (!files.add(file.file().toAbsolutePath().normalize())) {
        throw new InputException(
            "-o " + text + ": the file is given twice; give each output its own");
      }
      outputs.targets.add(new Target(file.file(), outputs.names(file, names)));
    }
    return outputs;
  }

  /** The files with the names of their outputs. */
  List<Target> targets() {
    return List.copyOf(targets);
  }

  /** Writes every file, all or none. */
  void write(Map<String, Tensor> results) {
    try (WholeFiles files = new WholeFiles()) {
      for (Target target : targets) {
        files.add(
            target.file(),
            out -> {
              String name = target.outputs().get(0);
              Tensor first = Objects.requireNonNull(results.get(name), name);
              if (target.isArchive()) {
                Npz.write(out, select(results, target.outputs()));
              } else if (target.isCsv()) {
                CsvFile.write(out, ArraySource.of(first), rowAxis(name));
              } else {
                Npy.write(out, first);
              }
            });
      }
      files.commit();
    }
  }

  /** Refuses other kinds of files than can be written. */
  static NamedFile checkKind(NamedFile file) {
    if (Stream.of(".npy", ".npz", ".csv").noneMatch(file.file().toString()::endsWith)) {
      throw new InputException(file.file() + ": the name must end in .npy, .npz or .csv");
    }
    return file;
  }

  /** A row of a CSV is a sequence, where the network has any. */
  private int rowAxis(String name) {
    return Axes.obstacle(network).isPresent()
        ? 0
        : network.outputs().stream()
            .filter(port -> port.name().equals(name))
            .findFirst()
            .flatMap(port -> Axes.of(network).batchOf(port.shape()))
            .orElse(0);
  }

  private List<String> names(NamedFile file, List<String> all) {
    if (file.name().isPresent()) {
      String name = file.name().get();
      if (!all.contains(name)) {
        throw new InputException(
            "-o " + name + "=" + file.file() + ": no output '" + name + "'; there are " + all);
      }
      return List.of(name);
    }
    if (file.isArchive()) {
      return all;
    }
    Set<String> taken = new HashSet<>();
    targets.stream().filter(t -> !t.isArchive()).forEach(t -> taken.addAll(t.outputs()));
    return List.of(
        all.stream()
            .filter(name -> !taken.contains(name))
            .findFirst()
            .orElseThrow(
                () ->
                    new InputException(
                        "-o "
                            + file.file()
                            + ": the model has "
                            + all.size()
                            + " outputs, "
                            + all)));
  }

  private static Map<String, Tensor> select(Map<String, Tensor> results, List<String> names) {
    Map<String, Tensor> selected = new LinkedHashMap<>();
    names.forEach(name -> selected.put(name, results.get(name)));
    return selected;
  }
}
