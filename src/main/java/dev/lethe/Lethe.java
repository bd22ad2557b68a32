package dev.lethe;

import dev.lethe.spi.Engine;
import dev.lethe.spi.Importer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Entry points that need more than {@link Network#load} and {@link Network#open}. */
public final class Lethe {
  private Lethe() {}

  /**
   * Reads a model file, with some of its inputs fixed to given values: for files that take their
   * weights as inputs. {@link Network#load} does without.
   *
   * @param file an ONNX, PyTorch or Keras model; the format is told from its content and name
   * @param constants by input name; a name that the file itself does not have is ignored, so all
   *     names of files that are not ONNX, and inputs that Lethe adds to a model
   * @return the network, which no longer needs the file
   * @throws ModelFormatException when the file is damaged or holds something that Lethe does not
   *     run
   * @throws InputException when there is no such file
   */
  public static Network load(Path file, Map<String, Tensor> constants) {
    List<Importer> importers = services(Importer.class);
    if (!Files.isRegularFile(file)) {
      throw new InputException(
          file
              + (Files.isDirectory(file) ? ": is a folder" : ": no such file")
              + "; give the path of a model: "
              + formats(importers));
    }
    for (Importer importer : importers) {
      if (importer.accepts(file)) {
        return importer.read(file, constants);
      }
    }
    throw new ModelFormatException(
        file + ": not a model format that Lethe reads; it reads " + formats(importers));
  }

  private static String formats(List<Importer> importers) {
    return importers.stream().map(Importer::formats).collect(Collectors.joining(", "));
  }

  /**
   * Every device of this machine, whole or not.
   *
   * @return in the order in which {@code auto} looks at them; never empty, since there is a CPU
   */
  public static List<Device> devices() {
    return engine().devices();
  }

  static Session open(Network network, Options options) {
    return engine().open(network, options);
  }

  static Stream openStream(Network network, int capacity, Options options) {
    return engine().openStream(network, capacity, options);
  }

  private static Engine engine() {
    return services(Engine.class).stream()
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException("no " + Engine.class.getName() + " on the class path"));
  }

  private static <S> List<S> services(Class<S> service) {
    return ServiceLoader.load(service, Lethe.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }
}
