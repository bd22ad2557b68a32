package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.io.Npz;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The arrays given on the command line: those with names, and those that take the next free input.
 */
final class Inputs {
  /** What Lethe calls the lengths of sequences wherever the model file has no name for them. */
  private static final String LENGTHS = "sequence_lens";

  private final Map<String, Tensor> named = new LinkedHashMap<>();
  private final List<Unnamed> unnamed = new ArrayList<>();

  private record Unnamed(Path file, Tensor tensor) {}

  /**
   * Reads every file.
   *
   * @throws InputException when one cannot be read, or a name stands twice
   */
  static Inputs read(List<String> texts) {
    Inputs inputs = new Inputs();
    for (String text : texts) {
      inputs.add(NamedFile.ofInput(text).checkKind());
    }
    return inputs;
  }

  /** The arrays with names. */
  Map<String, Tensor> named() {
    return named;
  }

  /**
   * Gives each array its input.
   *
   * @param lengths an array for the input of lengths, if the caller gave one
   * @param asWeights names that went into the model when it was loaded
   * @throws InputException when an array has no input or a required input no array
   */
  Map<String, Tensor> bind(Network network, Optional<Path> lengths, Collection<String> asWeights) {
    Map<String, Tensor> bound = new LinkedHashMap<>(named);
    asWeights.forEach(bound::remove);
    lengths.ifPresent(
        file ->
            put(
                bound,
                lengthsInput(network),
                new NamedFile(Optional.of(LENGTHS), file).checkKind().readOne(),
                "--lengths " + file));
    for (Unnamed each : unnamed) {
      bound.put(nextFree(network, bound, each.file()), each.tensor());
    }
    return bound;
  }

  private void add(NamedFile given) {
    if (given.name().isPresent()) {
      put(named, given.name().get(), given.readOne(), given.file().toString());
    } else if (given.isArchive()) {
      Npz.read(given.file())
          .forEach((name, tensor) -> put(named, name, tensor, given.file().toString()));
    } else {
      unnamed.add(new Unnamed(given.file(), given.readOne()));
    }
  }

  private static void put(Map<String, Tensor> map, String name, Tensor tensor, String origin) {
    if (map.put(name, tensor) != null) {
      throw new InputException(origin + ": input '" + name + "' is given twice; give it once");
    }
  }

  private static String nextFree(Network network, Map<String, Tensor> bound, Path file) {
    List<String> required =
        network.inputs().stream().filter(port -> !port.optional()).map(Port::name).toList();
    return required.stream()
        .filter(name -> !bound.containsKey(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    file
                        + ": every required input of "
                        + required
                        + " has its array; write NAME=FILE for one of "
                        + names(network)));
  }

  private static String lengthsInput(Network network) {
    List<String> candidates =
        network.inputs().stream()
            .filter(port -> port.type() == Tensor.Type.INT32 && port.shape().rank() == 1)
            .map(Port::name)
            .toList();
    if (candidates.contains(LENGTHS) || candidates.size() == 1) {
      return candidates.contains(LENGTHS) ? LENGTHS : candidates.get(0);
    }
    throw new InputException(
        "--lengths: the model has no input of lengths; its inputs are " + names(network));
  }

  private static List<String> names(Network network) {
    return network.inputs().stream().map(Port::name).toList();
  }
}
