package dev.lethe.cli;

import dev.lethe.Lethe;
import dev.lethe.Network;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.TensorFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model with the inputs that it took as weights. ONNX files may leave an LSTM's W, R, B and P to the caller; those
 * become part of the network, so that they are on the device once and for all.
 *
 * @param network ready to be opened
 * @param weights names of the given tensors that went into it
 */
record Model(Network network, Set<String> weights) {
  /** Reads a model, with whatever it needs as weights out of {@code given}. */
  static Model load(Path file, Map<String, Tensor> given) {
    Map<String, Tensor> weights = new LinkedHashMap<>();
    if (!given.isEmpty() && isOnnx(file) && Files.isRegularFile(file)) {
      for (String name : TensorFiles.weightNames(file)) {
        if (given.containsKey(name)) {
          weights.put(name, given.get(name));
        }
      }
    }
    return new Model(Lethe.load(file, weights), weights.keySet());
  }

  /** Names of the inputs of an ONNX file in its own order, weights among them. */
  static List<String> inputOrder(Path onnx) {
    return TensorFiles.inputNames(onnx);
  }

  static boolean isOnnx(Path file) {
    return file.toString().endsWith(".onnx");
  }
}
