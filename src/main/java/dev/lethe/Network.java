package dev.lethe;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A trained network: immutable, without any device, free to be shared between threads and sessions.
 *
 * <pre>{@code
 * Network network = Network.load(Path.of("model.onnx"));
 * try (Session session = network.open(Options.defaults())) {
 *   Map<String, Tensor> outputs = session.run(Map.of("x", x));
 * }
 * }</pre>
 */
public interface Network {
  /**
   * Reads a model file; the format is told from its content and name.
   *
   * @throws ModelFormatException when the file is damaged or holds something that Lethe does not
   *     run
   * @throws InputException when there is no such file
   */
  static Network load(Path file) {
    return Lethe.load(file, Map.of());
  }

  /** The model's own name, or the file's. */
  String name();

  /** File format and version, for people, as in {@code ONNX opset 14}. */
  String format();

  /** What goes in, in the file's order. */
  List<Port> inputs();

  /** What comes out, in the file's order. */
  List<Port> outputs();

  /** One line for each stage of the computation, in the order in which they run. */
  List<String> stages();

  /** Number of trained numbers. */
  long parameters();

  /** The named size that counts sequences, if the model leaves it open. */
  Optional<String> batchSize();

  /** The named size that counts time steps, if the model leaves it open. */
  Optional<String> timeSteps();

  /**
   * Floating-point operations of one run, a multiplication and an addition counted apart (2*M*N*K
   * for a matrix product).
   *
   * @param sizes a value for every named size
   */
  long operations(Map<String, Integer> sizes);

  /**
   * Chooses a device, compiles for it and uploads the weights.
   *
   * @throws DeviceException when the device that the options force cannot run
   */
  default Session open(Options options) {
    return Lethe.open(this, options);
  }

  /**
   * Like {@link #open}, with room for the states of many live sequences. A bidirectional or reverse
   * layer cannot be streamed, nor one whose initial state is an input that must be given; optional
   * initial states are no inputs of the stream.
   *
   * @param capacity how many sequences can live at a time, at least 1
   * @throws InputException when the network cannot be streamed
   * @throws DeviceException when the device that the options force cannot run, or has no room
   */
  default Stream openStream(int capacity, Options options) {
    return Lethe.openStream(this, capacity, options);
  }
}
