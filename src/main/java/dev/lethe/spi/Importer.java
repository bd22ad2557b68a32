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
  /** {@return the formats, for people, as in {@code ONNX (.onnx)}} */
  String formats();

  /**
   * Whether this importer is the one for a file. It looks at the name and the first bytes alone.
   *
   * @param file an existing file
   * @return true where {@link #read} is to be called, which may still refuse the file
   */
  boolean accepts(Path file);

  /**
   * Reads the file.
   *
   * @param file one that this importer accepts
   * @param constants values for inputs that are to be fixed, by name; other names are ignored
   * @return the network, which no longer needs the file
   * @throws dev.lethe.ModelFormatException when the file is damaged or holds something that Lethe
   *     does not run
   */
  Network read(Path file, Map<String, Tensor> constants);
}
