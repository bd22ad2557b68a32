package dev.lethe;

import java.util.Map;

/**
 * A network on a device, ready to run. Owns the device's buffers and programs until {@link
 * #close()}.
 *
 * <p>Threads: one run at a time; a call from a second thread waits for the first. {@code close} may
 * be called from any thread, any number of times, and waits for a run in progress.
 */
public interface Session extends AutoCloseable {
  /** What runs. */
  Network network();

  /** Where it runs. */
  Device device();

  /** One line: which device was chosen and why the others were not. */
  String choice();

  /**
   * Makes room for these sizes, so that no later run of these sizes or smaller ones allocates on
   * the device.
   *
   * @param sizes a value for every named size of the network's inputs
   */
  void prepare(Map<String, Integer> sizes);

  /**
   * Runs a batch. The batch may have any size and its sequences any length up to the time axis.
   *
   * @param inputs by name; optional ones may be missing
   * @param outputs by name, of the right type and shape, overwritten; those that are missing are
   *     not copied back
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
   */
  Map<String, Tensor> run(Map<String, Tensor> inputs);

  @Override
  void close();
}
