package dev.lethe.spark;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which of a network's ports a column of sequences feeds and fills, and along which axes.
 *
 * @param input float [batch, time, features] or [time, batch, features]
 * @param lengths int [batch], if the network takes lengths
 * @param output float, with the batch as one of its axes
 * @param features numbers per step
 * @param steps the only number of steps that the network takes; empty where the data tell
 * @param batchFirst whether the input's axes are [batch, time, features]
 * @param batchAxis of the output
 * @param timeAxis of the output; -1 for one that is not per step
 */
record SequencePorts(
    Port input,
    Optional<Port> lengths,
    Port output,
    int features,
    Optional<Integer> steps,
    boolean batchFirst,
    int batchAxis,
    int timeAxis) {

  /**
   * Finds them.
   *
   * @param outputName of the output; empty for the first
   * @throws InputException when the network is none that maps a sequence to numbers
   */
  static SequencePorts of(Network network, String outputName) {
    String model = network.name() + ": ";
    Dim batch =
        network
            .batchSize()
            .map(Dim::symbol)
            .orElseThrow(
                () ->
                    new InputException(
                        model
                            + "the model fixes its batch size; export it with the batch left open"));
    Port input = input(network, batch);
    boolean batchFirst = input.shape().dim(0).equals(batch);
    Dim time = input.shape().dim(batchFirst ? 1 : 0);
    Dim features = input.shape().dim(2);
    if (!features.isConstant()) {
      throw new InputException(model + input + " leaves its number of features open");
    }
    Optional<Port> lengths =
        network.inputs().stream()
            .filter(p -> p.type() == Tensor.Type.INT32 && p.shape().dims().equals(List.of(batch)))
            .findFirst();
    for (Port port : network.inputs()) {
      if (!port.equals(input) && !port.optional() && !lengths.equals(Optional.of(port))) {
        throw new InputException(
            model + "needs the input " + port + " too, which a column of sequences cannot give");
      }
    }
    Port output = output(network, outputName);
    List<Dim> dims = output.shape().dims();
    int batchAxis = dims.indexOf(batch);
    if (batchAxis < 0 || output.type() != Tensor.Type.FLOAT32) {
      throw new InputException(model + "the output " + output + " has no floats per sequence");
    }
    int timeAxis = dims.indexOf(time);
    // A known number may be any axis' length by chance.
    if (time.isConstant() && (dims.size() < 3 || timeAxis != (batchFirst ? 1 : 0))) {
      timeAxis = -1;
    }
    for (int axis = 0; axis < dims.size(); axis++) {
      if (axis != batchAxis && axis != timeAxis && !dims.get(axis).isConstant()) {
        throw new InputException(model + "the output " + output + " is no array per sequence");
      }
    }
    Optional<Integer> steps =
        time.isConstant() ? Optional.of(time.resolve(Map.of())) : Optional.empty();
    return new SequencePorts(
        input, lengths, output, features.resolve(Map.of()), steps, batchFirst, batchAxis, timeAxis);
  }

  private static Port input(Network network, Dim batch) {
    List<Port> fitting =
        network.inputs().stream()
            .filter(
                p ->
                    p.type() == Tensor.Type.FLOAT32
                        && !p.optional()
                        && p.shape().rank() == 3
                        && p.shape().dims().subList(0, 2).contains(batch))
            .toList();
    if (fitting.size() != 1) {
      throw new InputException(
          network.name()
              + ": has "
              + fitting.size()
              + " inputs of floats [batch, time, features], and a column feeds one; its inputs are "
              + network.inputs());
    }
    return fitting.get(0);
  }

  private static Port output(Network network, String name) {
    return network.outputs().stream()
        .filter(port -> name.isEmpty() || port.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InputException(
                    network.name()
                        + ": has no output '"
                        + name
                        + "'; its outputs are "
                        + network.outputs()));
  }

  /** Whether a row's result is an array of steps, each an array; otherwise it is one array. */
  boolean nested() {
    return timeAxis >= 0 && output.shape().rank() > 2;
  }
}
