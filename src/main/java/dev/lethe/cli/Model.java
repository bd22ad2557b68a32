package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Lethe;
import dev.lethe.Network;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.TensorFiles;
import dev.lethe.io.GivenFile;
import dev.lethe.network.Graph;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model with the inputs that it took as weights. ONNX files may leave an LSTM's W, R, B and P to
 * the caller; those become part of the network, so that they are on the device once and for all.
 *
 * @param network ready to be opened
 * @param weights names of the given tensors that went into it
 */
record Model(Network network, Set<String> weights) {
  /** For the help of each command that takes one; the importers say the same. */
  static final String FILE = "A model file: .onnx, .safetensors, .pt, .pth, .keras or .h5.";

  /** Reads a model, with whatever it needs as weights out of {@code given}. */
  static Model load(Path file, Map<String, Tensor> given) {
    Map<String, Tensor> weights = new LinkedHashMap<>();
    List<String> wanted = weightNames(file);
    requireAll(file, wanted, given);
    wanted.forEach(name -> weights.put(name, given.get(name)));
    return new Model(Lethe.load(file, weights), weights.keySet());
  }

  /** Names of the inputs that the model takes as weights. */
  static List<String> weightNames(Path file) {
    return isOnnx(file) && Files.isRegularFile(file) ? TensorFiles.weightNames(file) : List.of();
  }

  /** What every importer makes. */
  static Graph graph(Network network) {
    if (network instanceof Graph graph) {
      return graph;
    }
    throw new InputException(network.name() + ": only networks that Lethe read can be looked into");
  }

  private static void requireAll(Path file, List<String> wanted, Map<String, Tensor> given) {
    List<String> missing = wanted.stream().filter(name -> !given.containsKey(name)).toList();
    if (!missing.isEmpty()) {
      throw new InputException(
          file + ": takes its LSTM weights " + missing + " as inputs; give each with -i NAME=FILE");
    }
  }

  /** Says that there is no such file before anything else is read. */
  static void requireFile(Path file) {
    GivenFile.require(file, "the path of a model file");
  }

  /** Names of the inputs of an ONNX file in its own order, weights among them. */
  static List<String> inputOrder(Path onnx) {
    return TensorFiles.inputNames(onnx);
  }

  static boolean isOnnx(Path file) {
    return file.toString().endsWith(".onnx");
  }
}
