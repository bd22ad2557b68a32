package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.TensorFiles;
import dev.lethe.io.Npy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The arrays of one folder of recorded data, named {@code input_K} or {@code input_NAME}, and
 * output likewise.
 */
final class CaseData {
  private static final Pattern FILE = Pattern.compile("(input|output)_(.+)\\.(pb|npy)");

  private CaseData() {}

  /**
   * Reads the arrays of one kind.
   *
   * @param kind input or output
   * @param order the names that positions stand for
   * @throws InputException when a file cannot be read or its position is beyond the last
   */
  static Map<String, Tensor> read(Path folder, String kind, List<String> order) {
    Map<String, Tensor> arrays = new LinkedHashMap<>();
    for (Path file : files(folder)) {
      Matcher matcher = FILE.matcher(file.getFileName().toString());
      if (matcher.matches() && matcher.group(1).equals(kind)) {
        String name = name(matcher.group(2), order, file);
        Tensor tensor = matcher.group(3).equals("pb") ? TensorFiles.read(file) : Npy.read(file);
        if (arrays.put(name, tensor) != null) {
          throw new InputException(file + ": " + kind + " '" + name + "' is there twice");
        }
      }
    }
    return arrays;
  }

  private static String name(String label, List<String> order, Path file) {
    if (order.contains(label) || !label.matches("\\d{1,4}")) {
      return label;
    }
    int position = Integer.parseInt(label);
    if (position >= order.size()) {
      throw new InputException(file + ": position " + position + ", but the model has " + order);
    }
    return order.get(position);
  }

  private static List<Path> files(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    } catch (IOException e) {
      throw new InputException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
