package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import dev.lethe.io.GivenFile;
import dev.lethe.io.Npy;
import dev.lethe.io.Npz;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code -i} and {@code -o} take: {@code FILE} or {@code NAME=FILE}.
 *
 * @param name of an input or output; empty for the next one in order
 * @param file an .npy or .npz
 */
record NamedFile(Optional<String> name, Path file) {
  /** An input: a text that is the path of a file has no name in it. */
  static NamedFile ofInput(String text) {
    int equals = Files.exists(Path.of(text)) ? -1 : text.indexOf('=');
    return split(text, equals);
  }

  /**
   * An output: what stands before the first = that follows a known name is a name, and otherwise
   * what stands before the first =, unless that is a folder's.
   */
  static NamedFile ofOutput(String text, Collection<String> names) {
    for (String name : names) {
      if (text.startsWith(name + "=")) {
        return split(text, name.length());
      }
    }
    int equals = text.indexOf('=');
    return split(text, text.lastIndexOf('/', equals) >= 0 ? -1 : equals);
  }

  /** Whether it holds several arrays by name. */
  boolean isArchive() {
    return file.toString().endsWith(".npz");
  }

  /** Refuses other kinds of files than inputs are in. */
  NamedFile checkKind() {
    if (!isArchive() && !file.toString().endsWith(".npy")) {
      throw new InputException(
          file
              + ": the name must end in .npy or .npz; lethe run also takes a folder of .npy files, and"
              + " a .csv with the shape of a sequence, as in x.csv@52x4");
    }
    return this;
  }

  /** Refuses what is not there, and other kinds of files. */
  void requireFile() {
    GivenFile.require(checkKind().file, "the path of an .npy or .npz");
  }

  /**
   * The one array that is meant.
   *
   * @throws InputException when an archive holds several and none of this name
   */
  Tensor readOne() {
    if (!isArchive()) {
      return Npy.read(file);
    }
    Map<String, Tensor> arrays = Npz.read(file);
    Tensor named = arrays.get(name.orElse(""));
    if (named != null) {
      return named;
    }
    if (arrays.size() != 1) {
      throw new InputException(
          file
              + ": holds "
              + arrays.keySet()
              + ", none of them named '"
              + name.orElse("")
              + "'; give an archive with that array or with one only");
    }
    return arrays.values().iterator().next();
  }

  private static NamedFile split(String text, int equals) {
    if (equals == text.length() - 1) {
      throw new InputException("'" + text + "' names no file; write FILE or NAME=FILE");
    }
    return equals <= 0
        ? new NamedFile(Optional.empty(), Path.of(text))
        : new NamedFile(
            Optional.of(text.substring(0, equals)), Path.of(text.substring(equals + 1)));
  }
}
