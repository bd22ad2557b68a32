package dev.lethe;

import java.util.Map;

/**
 * A network on a device, ready to run. Owns the device's buffers and programs until {@link
 * #close()}.
 *
 * <p>Threads: safe for any number of them, one call at a time; a call from a second thread waits
 * for the first, and which of those that wait is next is not defined. {@link #network()}, {@link
 * #device()} and {@link #choice()} never wait. The tensors of a call are the session's from its
 * beginning to its end: nobody else may write the inputs or touch the outputs in between. {@code
 * close} may be called from any thread, any number of times; it waits for the call in progress, and
 * those that come after it throw {@link IllegalStateException}. A thread that is interrupted
 * finishes its call, and is interrupted still when it returns. Sessions know nothing of each other:
 * to run two batches at a time, open two.
 */
public interface Session extends AutoCloseable {
  /** {@return what runs} */
  Network network();

  /** {@return where it runs} */
  Device device();

  /**
   * {@return one line: which device was chosen, with how many threads where it is the CPU, and why
   * the others were not}
   */
  String choice();

  /**
   * Makes room for these sizes, so that no later run of these sizes or smaller ones allocates on
   * the device.
   *
   * @param sizes a value for every named size of the network's inputs, as in {@code batch}; others
   *     are not looked at
   * @throws InputException when a size is missing or negative
   * @throws DeviceException when the device has no room
   * @throws OutOfMemoryError when the device is the CPU, whose memory is Java's, and has no room
   */
  void prepare(Map<String, Integer> sizes);

  /**
   * Runs a batch. The batch may have any size and its sequences any length up to the time axis.
   *
   * @param inputs by name; optional ones may be missing
   * @param outputs by name, of the right type and shape, overwritten, sharing no memory with an
   *     input or with each other, since they may be written while inputs are still read; those that
   *     are missing are not copied back
   * @throws InputException when a name, type, shape, id or length does not fit; nothing has run
   *     then
   * @throws DeviceException when the device fails
   */
  void run(Map<String, Tensor> inputs, Map<String, Tensor> outputs);

  /**
   * Runs a batch into new tensors.
   *
   * @param inputs by name; optional ones may be missing
   * @return every output by name
   * @throws InputException when a name, type, shape, id or length does not fit; nothing has run
   *     then
   * @throws DeviceException when the device fails
   */
  Map<String, Tensor> run(Map<String, Tensor> inputs);

  /**
   * Runs a batch and returns what its LSTM layers computed on the way: the gates, c and h of every
   * step. Outputs have the same bits as without. The first trace of a session may compile; runs
   * that are not traced pay nothing.
   *
   * @param inputs by name; optional ones may be missing
   * @return the outputs, and arrays [T, B, H] for each direction of each layer
   * @throws InputException when an input does not fit, or an array of the trace would exceed 2 GiB
   * @throws DeviceException when the device fails, or has no room for 5*T*B*H floats of a layer
   */
  Trace trace(Map<String, Tensor> inputs);

  @Override
  void close();
}
