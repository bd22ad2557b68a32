package dev.lethe.importer.keras;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import dev.lethe.spi.Importer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sequential and functional Keras models: .keras archives, .h5 files of whole models, and .h5 files
 * of weights with the model's configuration in a .json file of the same name beside them.
 *
 * <p>Inputs and outputs are called as their layers are; the first axis is always the batch. A
 * stateful LSTM has its state as optional inputs NAME.initial_h and NAME.initial_c [batch,
 * directions, units] and as outputs NAME.final_h and NAME.final_c behind those of the model.
 *
 * <p>Masks, of Masking and of Embedding with mask_zero, may skip any steps and are exact, as Keras'
 * TensorFlow backend has them: h and c stay, and the output is that of the step before, 0 before
 * the first. (With initial states and a mask that begins with skipped steps, its JAX backend shows
 * the initial h instead.)
 *
 * <p>Lambda and custom layers are refused, and nothing in a file is ever executed.
 */
public final class KerasImporter implements Importer {
  private static final long LONGEST_JSON = 64 << 20;
  private static final Pattern VERSION = Pattern.compile("(\\d{1,3})(?:\\.(\\d{1,2}))?");
  private static final int HDF_MAGIC = 0x89;

  @Override
  public String formats() {
    return "Keras (.keras, .h5)";
  }

  @Override
  public boolean accepts(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    return name.endsWith(".keras") || name.endsWith(".h5") || name.endsWith(".hdf5");
  }

  /**
   * @param constants ignored: all weights are in the file
   * @throws ModelFormatException when the file is damaged or holds a layer that Lethe does not run
   */
  @Override
  public Network read(Path file, Map<String, Tensor> constants) {
    boolean archive = file.toString().toLowerCase(Locale.ROOT).endsWith(".keras");
    return archive && firstByte(file) != HDF_MAGIC ? archive(file) : hdf(file);
  }

  private static Graph archive(Path file) {
    KerasZip zip = KerasZip.read(file);
    String version =
        Json.parse(file + ": metadata.json", zip.metadata()).text("keras_version", "3.0");
    Config config = Json.parse(file + ": config.json", zip.config());
    try (Hdf weights = Hdf.open(file + ": model.weights.h5", zip.weights(), zip.size())) {
      return network(file, config, version, weights);
    }
  }

  private static Graph hdf(Path file) {
    try (Hdf weights = Hdf.open(file)) {
      String text = weights.text("", "model_config").orElseGet(() -> beside(file));
      Config config = Json.parse(file + ": configuration", text);
      String version =
          weights
              .text("", "keras_version")
              .or(() -> weights.text("model_weights", "keras_version"))
              .orElseGet(() -> version(config));
      return network(file, config, version, weights);
    }
  }

  /**
   * Keras 3 writes no version into a model's JSON, but a "registered_name", even if it is null;
   * Keras 1 writes none at all.
   */
  private static String version(Config config) {
    boolean registered = config.fields().containsKey("registered_name");
    return config.text("keras_version", registered ? "3.0" : "1.0");
  }

  private static String beside(Path file) {
    String name = String.valueOf(file.getFileName()).replaceFirst("\\.[^.]*$", "");
    List<String> names = List.of(name + ".json", name.replaceFirst("\\.weights$", "") + ".json");
    for (String candidate : names) {
      Path json = file.resolveSibling(candidate);
      if (Files.isRegularFile(json)) {
        return text(json);
      }
    }
    throw new ModelFormatException(
        file + ": holds weights only; put the model's configuration beside it as " + names.get(0));
  }

  private static String text(Path json) {
    try {
      if (Files.size(json) > LONGEST_JSON) {
        throw new ModelFormatException(json + ": larger than " + LONGEST_JSON + " bytes");
      }
      return Files.readString(json);
    } catch (IOException e) {
      throw new ModelFormatException(json + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static Graph network(Path file, Config config, String version, Hdf hdf) {
    int keras = number(version);
    Architecture model = Architecture.of(new Config(file.toString(), config.fields()), keras);
    ModelWeights weights = ModelWeights.of(hdf, model.layers());
    String format = "Keras " + Config.shown(version);
    Assembly assembly = new Assembly(model, weights, false);
    try {
      return assembly.build(file.toString(), format);
    } catch (ModelFormatException e) {
      if (assembly.times() < 2) {
        throw e;
      }
    }
    // Inputs that are joined step by step are as long as one another.
    return new Assembly(model, weights, true).build(file.toString(), format);
  }

  /** 100 * major + minor; what is not to be read counts as Keras 2.0. */
  private static int number(String version) {
    Matcher matcher = VERSION.matcher(version);
    return matcher.lookingAt()
        ? 100 * Integer.parseInt(matcher.group(1))
            + Integer.parseInt(Objects.requireNonNullElse(matcher.group(2), "0"))
        : 200;
  }

  private static int firstByte(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return in.read();
    } catch (IOException e) {
      throw new ModelFormatException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }
}
