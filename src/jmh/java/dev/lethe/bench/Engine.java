package dev.lethe.bench;

import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;

/**
 * What runs the LSTM of a {@link LstmShape}: opened with its weights and its input, everything that
 * can be prepared done. Not for several threads.
 */
interface Engine extends AutoCloseable {
  /** Name and version of what computes, and where. */
  String description();

  /** One inference, from x in host memory to y in host memory. */
  void run();

  /** y [T, B, D*H] of the last run, as a copy. */
  Tensor y();

  /** Operations a second that its processors can do at most, measured; 0 if it does not know. */
  default double peak() {
    return 0;
  }

  @Override
  void close();

  /**
   * Opens an engine.
   *
   * @param name lethe-DEVICE, as in lethe-cpu, or a peer: onnxruntime, onednn, pytorch
   * @param threads at most; 0 for one per processor
   * @throws IllegalArgumentException for an unknown name, or a peer whose jar is missing
   */
  static Engine open(String name, LstmShape shape, int threads) {
    int all = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    try {
      return switch (name) {
        case "onnxruntime" -> new OnnxRuntimeEngine(shape, all);
        case "onednn" -> new OneDnnEngine(shape, all);
        case "pytorch" -> new PytorchEngine(shape, all);
        default -> {
          if (!name.startsWith("lethe-")) {
            throw new IllegalArgumentException(
                "engine must be lethe-DEVICE, onnxruntime, onednn or pytorch, not " + name);
          }
          yield new LetheEngine(name.substring("lethe-".length()), shape, threads);
        }
      };
    } catch (NoClassDefFoundError e) {
      throw new IllegalArgumentException(
          "engine " + name + " needs its jars in the folder peers/ beside benchmarks.jar", e);
    }
  }
}
