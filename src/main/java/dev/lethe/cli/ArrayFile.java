package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Port;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.io.Npz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * An array in a file that has not been read: an .npy, one in an .npz, a folder of .npy files, or a
 * CSV with the shape of a sequence, as in {@code x.csv@52x1}.
 *
 * @param file without the shape
 * @param entry name in an archive
 * @param sequence shape of a sequence, where the command line says it
 */
record ArrayFile(Path file, Optional<String> entry, Optional<List<Integer>> sequence) {
  private static final Pattern CSV = Pattern.compile("(.*\\.csv)(?:@(\\d{1,9}(?:x\\d{1,9})*))?");

  /** What {@code -i} says; it must be of a kind that is known. */
  static NamedFile split(String text) {
    NamedFile given = NamedFile.ofInput(text);
    boolean known = isCsv(given.file()) || Files.isDirectory(given.file());
    return known ? given : given.checkKind();
  }

  /** Whether the path is that of a CSV, with or without a shape. */
  static boolean isCsv(Path file) {
    return CSV.matcher(file.toString()).matches();
  }

  /** The path of the file itself, where a shape follows. */
  static Path withoutShape(Path given) {
    Matcher csv = CSV.matcher(given.toString());
    return csv.matches() ? Path.of(csv.group(1)) : given;
  }

  static ArrayFile of(NamedFile given) {
    Matcher csv = CSV.matcher(given.file().toString());
    if (csv.matches()) {
      return new ArrayFile(
          Path.of(csv.group(1)),
          Optional.empty(),
          Optional.ofNullable(csv.group(2)).map(ArrayFile::lengths));
    }
    boolean archive = given.isArchive() && !Files.isDirectory(given.file());
    return new ArrayFile(
        given.file(),
        archive ? Optional.of(entry(given.file(), given.name())) : Optional.empty(),
        Optional.empty());
  }

  /** Every array of an archive. */
  static Map<String, ArrayFile> ofArchive(Path file) {
    Map<String, ArrayFile> arrays = new LinkedHashMap<>();
    for (String name : Npz.names(file)) {
      arrays.put(name, new ArrayFile(file, Optional.of(name), Optional.empty()));
    }
    return arrays;
  }

  /**
   * Opens it.
   *
   * @param shape that the whole array is to have
   * @param axis along which it is cut
   */
  ArraySource open(Port port, Shape shape, int axis) {
    if (entry.isPresent()) {
      return ArraySource.npz(file, entry.get(), axis);
    } else if (Files.isDirectory(file)) {
      return ArraySource.folder(file, axis);
    } else if (isCsv(file)) {
      return ArraySource.csv(file, port.type(), sequence(port, shape, axis), axis);
    }
    return ArraySource.npy(file);
  }

  /** The whole array. */
  Tensor read(Port port, int axis) {
    try (ArraySource source = open(port, port.shape(), axis)) {
      return source.readAll();
    }
  }

  /** The whole array, of a shape that only the model knows. */
  Tensor readWeights() {
    return read(new Port("", Tensor.Type.FLOAT32, new Shape(List.of()), false, ""), 0);
  }

  /** A line for each file of it that tells whether it has changed: size and time. */
  List<String> identity() {
    try {
      if (!Files.isDirectory(file)) {
        return List.of(identity(file));
      }
      List<String> lines = new ArrayList<>();
      try (Stream<Path> files = Files.list(file)) {
        for (Path part : files.filter(f -> f.toString().endsWith(".npy")).sorted().toList()) {
          lines.add(identity(part));
        }
      }
      return lines;
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read", e);
    }
  }

  static String identity(Path file) throws IOException {
    return file.toAbsolutePath().normalize()
        + " "
        + Files.size(file)
        + " "
        + Files.getLastModifiedTime(file);
  }

  private int[] sequence(Port port, Shape shape, int axis) {
    if (sequence.isPresent()) {
      return sequence.get().stream().mapToInt(Integer::intValue).toArray();
    }
    int[] axes = IntStream.range(0, shape.rank()).filter(k -> k != axis).toArray();
    if (Arrays.stream(axes).allMatch(k -> shape.dim(k).isConstant())) {
      return Arrays.stream(axes).map(k -> (int) shape.dim(k).factor()).toArray();
    }
    throw new InputException(
        file
            + ": say the shape of one sequence of '"
            + port.name()
            + "' "
            + shape
            + ", as in "
            + file.getFileName()
            + "@52x1");
  }

  private static String entry(Path file, Optional<String> name) {
    List<String> names = Npz.names(file);
    if (name.isPresent() && names.contains(name.get())) {
      return name.get();
    } else if (names.size() == 1) {
      return names.get(0);
    }
    throw new InputException(
        file
            + ": holds "
            + names
            + ", none of them named '"
            + name.orElse("")
            + "'; give an archive with that array or with one only");
  }

  private static List<Integer> lengths(String text) {
    return Pattern.compile("x").splitAsStream(text).map(Integer::valueOf).toList();
  }
}
