package dev.lethe.spi;

import dev.lethe.Network;
import dev.lethe.Tensor;
import java.nio.file.Path;
import java.util.Map;

/**
 * Turns files of one format into networks. Found through {@link java.util.ServiceLoader};
 * stateless.
 */
public interface Importer {
  /** The formats, for people, as in {@code ONNX (.onnx)}. */
  String formats();

  /** Whether the file looks like this format by its name and its first bytes. */
  boolean accepts(Path file);

  /**
   * Reads the file.
   *
   * @param constants values for inputs that are to be fixed, by name
   * @throws dev.lethe.ModelFormatException when the file is damaged or holds something that Lethe
   *     does not run
   */
  Network read(Path file, Map<String, Tensor> constants);
}
