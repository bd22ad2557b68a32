package dev.lethe.bench;

import dev.lethe.Precision;
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

  /** The precision that an engine's name asks for. */
  static Precision precision(String name) {
    int at = name.indexOf('@');
    return at < 0 ? Precision.FP32 : Precision.parse(name.substring(at + 1));
  }

  /**
   * Opens an engine.
   *
   * @param name lethe-DEVICE, as in lethe-cpu, or a peer: onnxruntime, onednn, pytorch; with
   *     {@code @PRECISION} for another than fp32, which only some have
   * @param threads at most; 0 for one per processor
   * @throws IllegalArgumentException for an unknown name, or a peer whose jar is missing
   */
  static Engine open(String name, LstmShape shape, int threads) {
    int all = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    Precision precision = precision(name);
    String engine = name.replaceFirst("@.*", "");
    boolean peer = !engine.startsWith("lethe-");
    boolean quantized = engine.equals("onnxruntime") && precision == Precision.INT8;
    if (peer && precision != Precision.FP32 && !quantized) {
      throw new IllegalArgumentException("engine " + engine + " is not measured in " + precision);
    }
    try {
      return switch (engine) {
        case "onnxruntime" -> new OnnxRuntimeEngine(shape, all, quantized);
        case "onednn" -> new OneDnnEngine(shape, all);
        case "pytorch" -> new PytorchEngine(shape, all);
        default -> {
          if (peer) {
            throw new IllegalArgumentException(
                "engine must be lethe-DEVICE, onnxruntime, onednn or pytorch, not " + name);
          }
          yield new LetheEngine(engine.substring("lethe-".length()), shape, threads, precision);
        }
      };
    } catch (NoClassDefFoundError e) {
      throw new IllegalArgumentException(
          "engine " + name + " needs its jars in the folder peers/ beside benchmarks.jar", e);
    }
  }
}
