package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import dev.lethe.io.Npz;
import dev.lethe.io.WholeFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Which outputs go to which files. */
final class Outputs {
  private record Target(NamedFile file, List<String> names) {}

  private final List<Target> targets = new ArrayList<>();

  /**
   * Gives each file its outputs, before anything is computed.
   *
   * @throws InputException when there is no such output, or a file could not be written
   */
  static Outputs plan(List<String> texts, Network network) {
    List<String> names = network.outputs().stream().map(Port::name).toList();
    Outputs outputs = new Outputs();
    Set<Path> files = new HashSet<>();
    for (String text : texts) {
      NamedFile file = NamedFile.ofOutput(text, names).checkKind();
      WholeFiles.check(file.file());
      if (!files.add(file.file().toAbsolutePath().normalize())) {
        throw new InputException(
            "-o " + text + ": the file is given twice; give each output its own");
      }
      outputs.targets.add(new Target(file, outputs.names(file, names)));
    }
    return outputs;
  }

  /** The outputs that are wanted, each once. */
  Set<String> wanted() {
    Set<String> wanted = new LinkedHashSet<>();
    targets.forEach(target -> wanted.addAll(target.names()));
    return wanted;
  }

  /** Writes every file, all or none. */
  void write(Map<String, Tensor> results) {
    try (WholeFiles files = new WholeFiles()) {
      for (Target target : targets) {
        files.add(
            target.file().file(),
            out -> {
              if (target.file().isArchive()) {
                Npz.write(out, select(results, target.names()));
              } else {
                String name = target.names().get(0);
                Npy.write(out, Objects.requireNonNull(results.get(name), name));
              }
            });
      }
      files.commit();
    }
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
    targets.stream().filter(t -> !t.file().isArchive()).forEach(t -> taken.addAll(t.names()));
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
