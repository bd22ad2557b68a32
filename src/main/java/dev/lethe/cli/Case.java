package dev.lethe.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.lethe.InputException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A recorded case: a folder with {@code case.json}, a model, and folders {@code test_data_set_*} of
 * inputs and outputs.
 *
 * @param folder where it is
 * @param model the model file, in that folder
 * @param rejects whether the model must be refused
 * @param names what the refusal must speak of
 * @param kind empty for plain runs
 * @param rtol allowed per magnitude of the expected element
 * @param atol allowed for elements near 0
 */
record Case(
    Path folder, Path model, boolean rejects, String names, String kind, double rtol, double atol) {
  private static final String FILE = "case.json";
  private static final int MAX_DEPTH = 16;
  private static final long MAX_BYTES = 1 << 16;
  private static final JsonFactory FACTORY = new JsonFactory();

  /**
   * Every case in and under a folder, sorted.
   *
   * @throws InputException when there is no such folder, or it is a file
   */
  static List<Path> find(Path folder) {
    if (Files.isRegularFile(folder)) {
      throw new InputException(folder + ": is a file; name the folder of the case");
    }
    if (!Files.isDirectory(folder)) {
      throw new InputException(
          folder + ": no such folder; give one with a case.json or with such folders");
    }
    try (Stream<Path> all = Files.walk(folder, MAX_DEPTH)) {
      return all.filter(path -> path.endsWith(FILE))
          .map(path -> path.toAbsolutePath().getParent())
          .sorted()
          .toList();
    } catch (IOException | UncheckedIOException e) {
      throw new InputException(folder + ": cannot be searched: " + e.getMessage(), e);
    }
  }

  /**
   * Reads case.json.
   *
   * @throws InputException when it is damaged or says what is not known
   */
  static Case read(Path folder) {
    Map<String, String> fields = fields(folder.resolve(FILE));
    String expect = fields.getOrDefault("expect", "match");
    if (!expect.equals("match") && !expect.equals("reject")) {
      throw new InputException(FILE + ": 'expect' must be match or reject, is '" + expect + "'");
    }
    String model = fields.getOrDefault("model", "model.onnx");
    if (model.isEmpty() || model.contains("/") || model.contains("\\") || model.startsWith("..")) {
      throw new InputException(
          FILE + ": 'model' must be a file in the same folder, is '" + model + "'");
    }
    return new Case(
        folder,
        folder.resolve(model),
        expect.equals("reject"),
        fields.getOrDefault("names", ""),
        fields.getOrDefault("kind", ""),
        number(fields, "rtol", 1e-3),
        number(fields, "atol", 1e-5));
  }

  /** Folders of inputs and outputs, sorted. */
  List<Path> dataSets() {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(path -> path.getFileName().toString().startsWith("test_data_set_"))
          .filter(Files::isDirectory)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new InputException(folder + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static double number(Map<String, String> fields, String key, double fallback) {
    try {
      double value = fields.containsKey(key) ? Double.parseDouble(fields.get(key)) : fallback;
      if (value >= 0 && value < Double.POSITIVE_INFINITY) {
        return value;
      }
    } catch (NumberFormatException e) {
      // said below, as for a number that cannot be
    }
    throw new InputException(
        FILE + ": '" + key + "' must be a number from 0 on, is '" + fields.get(key) + "'");
  }

  /** Its strings and numbers; what else it holds is for people. */
  private static Map<String, String> fields(Path file) {
    Map<String, String> fields = new HashMap<>();
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new InputException(FILE + ": larger than " + MAX_BYTES + " bytes");
      }
      try (JsonParser parser = FACTORY.createParser(Files.readAllBytes(file))) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
          throw new InputException(FILE + ": must be a JSON object");
        }
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
          String key = parser.currentName();
          if (parser.nextToken().isScalarValue()) {
            fields.put(key, parser.getText());
          } else {
            parser.skipChildren();
          }
        }
      }
    } catch (IOException e) {
      throw new InputException(FILE + ": not whole JSON: " + Failures.oneLine(e.getMessage()), e);
    }
    return fields;
  }
}
