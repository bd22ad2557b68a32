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
import java.util.function.Function;

/**
 * The arrays given on the command line: those with names, and those that take the next free input.
 *
 * @param <A> an array that has been read, or a file that will be
 */
final class Inputs<A> {
  /** What Lethe calls the lengths of sequences wherever the model file has no name for them. */
  private static final String LENGTHS = "sequence_lens";

  private final Map<String, A> named = new LinkedHashMap<>();
  private final List<Unnamed<A>> unnamed = new ArrayList<>();
  private final Function<NamedFile, A> one;
  private final Function<Path, Map<String, A>> archive;

  private record Unnamed<A>(Path file, A array) {}

  private Inputs(Function<NamedFile, A> one, Function<Path, Map<String, A>> archive) {
    this.one = one;
    this.archive = archive;
  }

  /**
   * Reads every file.
   *
   * @throws InputException when one cannot be read, or a name stands twice
   */
  static Inputs<Tensor> read(List<String> texts) {
    Inputs<Tensor> inputs = new Inputs<>(NamedFile::readOne, Npz::read);
    for (String text : texts) {
      inputs.add(NamedFile.ofInput(text).checkKind());
    }
    return inputs;
  }

  /**
   * Refuses files that are not there, before any is read.
   *
   * @throws InputException when one is missing, or no .npy or .npz
   */
  static void requireFiles(List<String> texts) {
    texts.forEach(text -> NamedFile.ofInput(text).requireFile());
  }

  /**
   * Only looks which arrays there are.
   *
   * @throws InputException when an archive cannot be read, or a name stands twice
   */
  static Inputs<ArrayFile> list(List<String> texts) {
    Inputs<ArrayFile> inputs = new Inputs<>(ArrayFile::of, ArrayFile::ofArchive);
    for (String text : texts) {
      inputs.add(ArrayFile.split(text));
    }
    return inputs;
  }

  /** The arrays with names. */
  Map<String, A> named() {
    return named;
  }

  /**
   * Gives each array its input.
   *
   * @param lengths an array for the input of lengths, if the caller gave one
   * @param asWeights names that went into the model when it was loaded
   * @throws InputException when an array has no input or a required input no array
   */
  Map<String, A> bind(Network network, Optional<Path> lengths, Collection<String> asWeights) {
    Map<String, A> bound = new LinkedHashMap<>(named);
    asWeights.forEach(bound::remove);
    lengths.ifPresent(
        file ->
            put(
                bound,
                lengthsInput(network),
                one.apply(new NamedFile(Optional.of(LENGTHS), file).checkKind()),
                "--lengths " + file));
    for (Unnamed<A> each : unnamed) {
      bound.put(nextFree(network, bound, each.file()), each.array());
    }
    return bound;
  }

  private void add(NamedFile given) {
    if (given.name().isPresent()) {
      put(named, given.name().get(), one.apply(given), given.file().toString());
    } else if (given.isArchive()) {
      archive
          .apply(given.file())
          .forEach((name, array) -> put(named, name, array, given.file().toString()));
    } else {
      unnamed.add(new Unnamed<>(given.file(), one.apply(given)));
    }
  }

  private static <A> void put(Map<String, A> map, String name, A array, String origin) {
    if (map.put(name, array) != null) {
      throw new InputException(origin + ": input '" + name + "' is given twice; give it once");
    }
  }

  private static String nextFree(Network network, Map<String, ?> bound, Path file) {
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
