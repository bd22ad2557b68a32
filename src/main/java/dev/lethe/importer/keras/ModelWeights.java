package dev.lethe.importer.keras;

import dev.lethe.ModelFormatException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Where the arrays of a layer are in an HDF5 file. Keras 1 and 2 list them by name in attributes;
 * Keras 3, and the .keras files of TensorFlow 2.12 on, number them in groups named after the
 * layers' classes.
 */
final class ModelWeights {
  private static final List<String> CONTAINERS =
      List.of("layers", "_layer_checkpoint_dependencies");

  private final Hdf file;
  private final String root;
  private final Map<String, String> groups = new HashMap<>();

  private ModelWeights(Hdf file, String root) {
    this.file = file;
    this.root = root;
  }

  /**
   * Finds all layers.
   *
   * @param layers of the model, in its order
   */
  static ModelWeights of(Hdf file, List<Layer> layers) {
    String root = file.isGroup("model_weights") ? "model_weights" : "";
    ModelWeights weights = new ModelWeights(file, root);
    if (!names(file, root, "layer_names").isEmpty()) {
      return weights;
    }
    String container =
        CONTAINERS.stream()
            .filter(file::isGroup)
            .findFirst()
            .orElseThrow(
                () -> new ModelFormatException(file.where() + ": holds no Keras layers' weights"));
    Map<String, Integer> seen = new HashMap<>();
    for (Layer layer : layers) {
      String base = snakeCase(layer.kind());
      int n = seen.merge(base, 1, Integer::sum) - 1;
      weights.groups.put(layer.name(), container + "/" + (n == 0 ? base : base + "_" + n));
    }
    return weights;
  }

  /** Those of one layer. */
  LayerWeights of(Layer layer) {
    String group = groups.get(layer.name());
    if (group != null) {
      checkName(layer, group);
      return new Nested(file, group);
    }
    String legacy = root + "/" + layer.name();
    List<String> paths = new ArrayList<>();
    names(file, legacy, "weight_names").forEach(name -> paths.add(legacy + "/" + name));
    return new Listed(file, layer.where(), paths);
  }

  /** A group may say whose it is: never that of another layer of the model. */
  private void checkName(Layer layer, String group) {
    Optional<String> name = file.text(group + "/vars", "name");
    if (name.isPresent() && !name.get().equals(layer.name()) && groups.containsKey(name.get())) {
      throw layer.config().error("its weights in " + group + " are those of another layer");
    }
  }

  /** Long lists are cut into name0, name1 and so on. */
  private static List<String> names(Hdf file, String group, String attribute) {
    List<String> names = new ArrayList<>(file.texts(group, attribute));
    for (int k = 0; ; k++) {
      List<String> chunk = file.texts(group, attribute + k);
      if (chunk.isEmpty()) {
        return names;
      }
      names.addAll(chunk);
    }
  }

  /** As Keras does it: TimeDistributed becomes time_distributed, LSTM becomes lstm. */
  static String snakeCase(String name) {
    return name.replaceAll("\\W+", "")
        .replaceAll("(.)([A-Z][a-z]+)", "$1_$2")
        .replaceAll("([a-z])([A-Z])", "$1_$2")
        .toLowerCase(Locale.ROOT);
  }

  private record Nested(Hdf file, String group) implements LayerWeights {
    @Override
    public LayerWeights part(String name, int first) {
      return new Nested(file, group + "/" + name);
    }

    @Override
    public float[] filled(float number, int length) {
      return file.filled(number, length);
    }

    @Override
    public float[] array(int k, int... shape) {
      return file.floats(group + "/vars/" + k, shape);
    }
  }

  private record Listed(Hdf file, String where, List<String> paths) implements LayerWeights {
    @Override
    public LayerWeights part(String name, int first) {
      int from = Math.min(first, paths.size());
      return new Listed(file, where, paths.subList(from, paths.size()));
    }

    @Override
    public float[] filled(float number, int length) {
      return file.filled(number, length);
    }

    @Override
    public float[] array(int k, int... shape) {
      if (k >= paths.size()) {
        throw new ModelFormatException(
            where + ": needs more weights than the " + paths.size() + " that the file has");
      }
      return file.floats(paths.get(k), shape);
    }
  }
}
