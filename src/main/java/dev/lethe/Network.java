package dev.lethe;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A trained network: immutable, without any device.
 *
 * <p>Threads: safe for any number of them without synchronization, {@link #open} and {@link
 * #openStream} included; sessions share its weights on the CPU's side and nothing else.
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
   * Reads a model file; the format is told from its content and name. Nothing in the file is
   * executed, and every size in it is checked before memory is taken for it.
   *
   * @param file {@code .onnx}, {@code .safetensors}, {@code .pt}, {@code .pth}, {@code .keras} or
   *     {@code .h5}; files that belong to it (weights, a description) lie beside it
   * @return the network, which no longer needs the file
   * @throws ModelFormatException when the file is damaged or holds something that Lethe does not
   *     run
   * @throws InputException when there is no such file
   */
  static Network load(Path file) {
    return Lethe.load(file, Map.of());
  }

  /** {@return the model's own name, or the file's} */
  String name();

  /** {@return file format and version, for people, as in {@code ONNX opset 14}} */
  String format();

  /** {@return what goes in, in the file's order} */
  List<Port> inputs();

  /** {@return what comes out, in the file's order} */
  List<Port> outputs();

  /** {@return one line for each stage of the computation, in the order in which they run} */
  List<String> stages();

  /** {@return the number of trained numbers} */
  long parameters();

  /** {@return the named size that counts sequences, if the model leaves it open} */
  Optional<String> batchSize();

  /** {@return the named size that counts time steps, if the model leaves it open} */
  Optional<String> timeSteps();

  /**
   * Floating-point operations of one run, a multiplication and an addition counted apart (2*M*N*K
   * for a matrix product).
   *
   * @param sizes a value for every named size
   * @return how many; activation functions count as nothing
   * @throws InputException when a named size has no value
   */
  long operations(Map<String, Integer> sizes);

  /**
   * Chooses a device, compiles for it and uploads the weights.
   *
   * @param options which device, and how
   * @return a session, which the caller closes
   * @throws InputException when there can be no such device as the options name
   * @throws DeviceException when the device that the options force cannot run
   */
  default Session open(Options options) {
    return Lethe.open(this, options);
  }

  /**
   * Like {@link #open}, with room for the states of many live sequences. A bidirectional or reverse
   * layer cannot be streamed, nor one whose initial state is an input that must be given; optional
   * initial states are no inputs of the stream, which has {@link Stream#importState} for them.
   * Where the model fixes its number of time steps, each call takes just so many.
   *
   * @param capacity how many sequences can live at a time, at least 1
   * @param options which device, and how
   * @return a stream, which the caller closes; all sequences begin with zeros
   * @throws InputException when the network cannot be streamed
   * @throws DeviceException when the device that the options force cannot run, or has no room
   * @throws OutOfMemoryError when Java's memory has no room for the states
   */
  default Stream openStream(int capacity, Options options) {
    return Lethe.openStream(this, capacity, options);
  }
}
