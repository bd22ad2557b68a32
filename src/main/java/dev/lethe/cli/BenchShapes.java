package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.io.GivenFile;
import dev.lethe.network.LstmShape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Lists of shapes: one a line, and what follows a # is a comment. A list whose first line has a
 * comma is CSV instead, without quotes: that line names the columns, of which T, B, I and H are
 * needed, layers and directions are 1 if left out, and others are not looked at.
 */
final class BenchShapes {
  private static final String BUILT_IN = "bench-shapes.txt";

  /** A list that takes longer to read than to be told about is no list of shapes. */
  private static final long MOST_BYTES = 1 << 20;

  private BenchShapes() {}

  /** What is measured when nothing is given. */
  static List<LstmShape> builtIn() {
    try (InputStream list =
        Objects.requireNonNull(BenchShapes.class.getResourceAsStream(BUILT_IN), BUILT_IN)) {
      return parse(BUILT_IN, new String(list.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads a list.
   *
   * @throws InputException when there is no such file, or a line is no shape
   */
  static List<LstmShape> read(Path file) {
    GivenFile.require(file, "a list of shapes TxBxIxH[xLxD], one a line");
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new InputException(
            file + ": too large for a list of shapes; at most " + MOST_BYTES + " bytes");
      }
      return parse(file.toString(), new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new InputException(file + ": cannot be read: " + e.getMessage());
    }
  }

  /**
   * Reads a list.
   *
   * @param name of the list, for messages
   */
  static List<LstmShape> parse(String name, String text) {
    List<LstmShape> shapes = new ArrayList<>();
    List<String> lines = text.lines().map(line -> line.replaceFirst("#.*", "").strip()).toList();
    String first = lines.stream().filter(line -> !line.isEmpty()).findFirst().orElse("");
    List<String> columns = first.contains(",") ? columns(name, first) : List.of();
    for (int k = 0; k < lines.size(); k++) {
      String line = lines.get(k);
      boolean head = !columns.isEmpty() && line.equals(first);
      if (!line.isEmpty() && !head) {
        try {
          shapes.add(LstmShape.parse(columns.isEmpty() ? line : joined(columns, line)));
        } catch (InputException e) {
          throw new InputException(name + ", line " + (k + 1) + ": " + e.getMessage());
        }
      }
    }
    if (shapes.isEmpty()) {
      throw new InputException(
          name + ": there is no shape in it; give TxBxIxH[xLxD], one a line, as in 32x64x64x128");
    }
    return shapes;
  }

  private static List<String> columns(String name, String line) {
    List<String> columns = Arrays.stream(line.split(",", -1)).map(String::strip).toList();
    for (String needed : List.of("T", "B", "I", "H")) {
      if (!columns.contains(needed)) {
        throw new InputException(
            name + ": there is no column " + needed + " among " + Failures.oneLine(line));
      }
    }
    return columns;
  }

  /** A row as TxBxIxHxLxD. */
  private static String joined(List<String> columns, String line) {
    String[] fields = line.split(",", -1);
    if (fields.length != columns.size()) {
      throw new InputException("there must be " + columns.size() + " fields, not " + fields.length);
    }
    List<String> sizes = new ArrayList<>();
    for (String name : List.of("T", "B", "I", "H", "layers", "directions")) {
      int column = columns.indexOf(name);
      sizes.add(column < 0 ? "1" : fields[column].strip());
    }
    return String.join("x", sizes);
  }
}
