package dev.lethe;

import java.util.Map;

/**
 * Many live sequences of one network, each fed a few time steps at a time. The states of all LSTM
 * layers stay on the device between calls; a call continues any of the sequences together. Cut in
 * pieces anywhere, beside whichever others, a sequence's results have the bits of one whole run.
 *
 * <pre>{@code
 * try (Stream stream = network.openStream(10_000, Options.defaults())) {
 *   int[] ids = {17, 4, 9_023};
 *   Map<String, Tensor> outputs = stream.step(ids, Map.of("x", frames)); // row k continues ids[k]
 * }
 * }</pre>
 *
 * <p>Sequences have ids from 0 to capacity-1 and begin with zeros. A network's outputs are those of
 * the steps of the call: an output that is made of a sequence's last step is made of the last step
 * of the call.
 *
 * <p>Threads: safe for any number of them, one call at a time, as for a {@link Session}; each call
 * is whole before the next begins. So threads that have sequences of their own may share a stream
 * without more ado. Calls that continue the same sequence from several threads do so in an order
 * that is not defined: whose order matters, he keeps it. {@code close} may be called from any
 * thread, any number of times; it waits for the call in progress, and those that come after it
 * throw {@link IllegalStateException}.
 */
public interface Stream extends AutoCloseable {
  /** {@return what runs} */
  Network network();

  /** {@return where it runs} */
  Device device();

  /** {@return one line: which device was chosen and why the others were not} */
  String choice();

  /** {@return how many sequences can live at a time} */
  int capacity();

  /**
   * Memory that the states of all sequences take on the device.
   *
   * @return bytes: capacity * 4 * (output size + hidden size), summed over the LSTM layers
   */
  long stateBytes();

  /**
   * Continues some sequences by as many time steps as the inputs have, or by the lengths among the
   * inputs where the network takes them.
   *
   * @param ids the sequence of each row of the batch, each at most once
   * @param inputs by name; optional ones may be missing, initial states cannot be given
   * @param outputs by name, of the right type and shape, overwritten; those that are missing are
   *     not copied back
   * @throws InputException when an id or input does not fit; nothing has run then
   * @throws DeviceException when the device fails; states of sequences in {@code ids} are lost then
   */
  void step(int[] ids, Map<String, Tensor> inputs, Map<String, Tensor> outputs);

  /**
   * Continues some sequences, into new tensors.
   *
   * @param ids the sequence of each row of the batch, each at most once
   * @param inputs by name; optional ones may be missing, initial states cannot be given
   * @return every output by name
   * @throws InputException when an id or input does not fit; nothing has run then
   * @throws DeviceException when the device fails; states of sequences in {@code ids} are lost then
   */
  Map<String, Tensor> step(int[] ids, Map<String, Tensor> inputs);

  /**
   * Lets sequences begin anew, with zeros.
   *
   * @param ids each at most once
   * @throws InputException when there is no such sequence, or one stands twice
   */
  void reset(int... ids);

  /**
   * Lets one sequence go on from where another is.
   *
   * @param from stays as it is
   * @param to forgets what it was
   * @throws InputException when there is no such sequence
   */
  void fork(int from, int to);

  /**
   * A sequence's state, to be kept or taken elsewhere. On the reference in double precision it is
   * rounded.
   *
   * @param id 0 to capacity-1
   * @return LAYER.h [output size] and LAYER.c [hidden size] for each LSTM layer
   * @throws InputException when there is no such sequence
   * @throws DeviceException when the device fails
   */
  Map<String, Tensor> exportState(int id);

  /**
   * Lets a sequence go on from a state.
   *
   * @param id 0 to capacity-1
   * @param state every array that {@link #exportState} gives, of this or another stream of the
   *     network
   * @throws InputException when there is no such sequence, or an array is missing, unknown or of
   *     another shape
   * @throws DeviceException when the device fails
   */
  void importState(int id, Map<String, Tensor> state);

  @Override
  void close();
}
