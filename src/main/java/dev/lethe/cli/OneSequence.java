package dev.lethe.cli;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Port;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.io.Pieces;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * One sequence out of a batch. Where the model leaves the batch open, the sequence is cut out of
 * the inputs and runs alone, with the same bits; otherwise the whole batch runs and the sequence is
 * cut out of the results.
 */
final class OneSequence {
  private final Graph graph;
  private final Lstm first;
  private final Dim batch;
  private final int sequence;

  /**
   * @param sequence counted from 0
   * @throws InputException when the network has no LSTM layer, or {@code inputs} no such sequence
   */
  OneSequence(Graph graph, Map<String, Tensor> inputs, int sequence) {
    this.graph = graph;
    this.first =
        graph
            .lstms()
            .findFirst()
            .orElseThrow(
                () -> new InputException(graph.name() + ": has no LSTM layer to look into"));
    this.batch = first.batch();
    this.sequence = sequence;
    int count = count(inputs);
    if (sequence < 0 || sequence >= count) {
      throw new InputException(
          "--sequence " + sequence + ": the input has sequences 0 to " + (count - 1));
    }
  }

  /** What to run. */
  Map<String, Tensor> inputs(Map<String, Tensor> all) {
    if (batch.name().isEmpty()) {
      return all;
    }
    Map<String, Tensor> cut = new LinkedHashMap<>();
    for (Port port : graph.inputs()) {
      Tensor tensor = all.get(port.name());
      if (tensor != null) {
        boolean cuttable = axis(port.shape()).isPresent() && tensor.rank() == port.shape().rank();
        cut.put(port.name(), cuttable ? cut(port, tensor) : tensor);
      }
    }
    // inputs of other names, for the session to refuse
    all.forEach(cut::putIfAbsent);
    return cut;
  }

  /** Steps of the sequence: its own length where the model takes lengths. */
  int steps(Map<String, Tensor> all, int timeSteps) {
    Tensor lengths = first.lengths().map(Value::name).map(all::get).orElse(null);
    return lengths == null ? timeSteps : lengths.intAt(sequence);
  }

  /**
   * The sequence out of an array of a trace, [T, B, W] to [steps, W].
   *
   * @param steps how many of the first steps
   */
  Tensor of(Tensor array, int steps) {
    Tensor alone = take(array, 1, batch.name().isPresent() ? 0 : sequence);
    Tensor part = Tensor.allocate(array.type(), steps, array.dimension(2));
    part.bytes().put(alone.bytes().limit(part.bytes().capacity()));
    return part;
  }

  /**
   * The sequence's part of an output, without the batch axis; whole if it has none.
   *
   * @param tensor what the run gave
   */
  Tensor ofOutput(Port port, Tensor tensor) {
    return axis(port.shape())
        .map(axis -> drop(take(tensor, axis, batch.name().isPresent() ? 0 : sequence), axis))
        .orElse(tensor);
  }

  /** The sequence's part of an input, likewise. */
  Tensor ofInput(Port port, Tensor tensor) {
    return axis(port.shape()).map(axis -> drop(take(tensor, axis, sequence), axis)).orElse(tensor);
  }

  /**
   * The steps of a part that {@link #ofInput} or {@link #ofOutput} made: [T][the other axes].
   *
   * @return empty where no axis of it, or more than one, can be the time; or the only one, by a
   *     length that the model fixes, which may as well count something else
   */
  Optional<float[]> overTime(Port port, Tensor part, int steps) {
    List<Dim> dims = new ArrayList<>(port.shape().dims());
    axis(port.shape()).ifPresent(axis -> dims.remove((int) axis));
    List<Integer> axes =
        IntStream.range(0, dims.size())
            .filter(k -> dims.get(k).equals(first.time()))
            .boxed()
            .toList();
    boolean other = first.time().isConstant() && dims.size() == 1;
    if (other || axes.size() != 1 || part.dimension(axes.get(0)) < steps) {
      return Optional.empty();
    }
    int time = part.dimension(axes.get(0));
    int inner = 1;
    for (int k = axes.get(0) + 1; k < part.rank(); k++) {
      inner *= part.dimension(k);
    }
    int outer = part.size() / time / inner;
    float[] numbers = numbers(part);
    float[] turned = new float[steps * outer * inner];
    for (int t = 0; t < steps; t++) {
      for (int row = 0; row < outer; row++) {
        System.arraycopy(
            numbers, (row * time + t) * inner, turned, (t * outer + row) * inner, inner);
      }
    }
    return Optional.of(turned);
  }

  /** The elements of either type. */
  static float[] numbers(Tensor tensor) {
    if (tensor.type() == Tensor.Type.FLOAT32) {
      return tensor.toFloatArray();
    }
    int[] ints = tensor.toIntArray();
    float[] numbers = new float[ints.length];
    for (int k = 0; k < ints.length; k++) {
      numbers[k] = ints[k];
    }
    return numbers;
  }

  private int count(Map<String, Tensor> inputs) {
    if (batch.isConstant()) {
      return (int) batch.factor();
    }
    for (Port port : graph.inputs()) {
      Tensor tensor = inputs.get(port.name());
      Optional<Integer> axis = axis(port.shape());
      if (tensor != null && axis.isPresent() && tensor.rank() == port.shape().rank()) {
        return tensor.dimension(axis.get());
      }
    }
    throw new InputException(
        "none of the given inputs "
            + inputs.keySet()
            + " counts sequences; the model's are "
            + graph.inputs());
  }

  /** The axis that counts sequences: by its name, or by its length where no other has that. */
  private Optional<Integer> axis(Shape shape) {
    List<Integer> axes =
        IntStream.range(0, shape.rank()).filter(k -> shape.dim(k).equals(batch)).boxed().toList();
    return axes.size() == 1 ? Optional.of(axes.get(0)) : Optional.empty();
  }

  private Tensor cut(Port port, Tensor tensor) {
    int axis = axis(port.shape()).orElseThrow();
    if (tensor.dimension(axis) <= sequence) {
      throw new InputException(
          "input '" + port.name() + "' " + tensor + " has no sequence " + sequence);
    }
    return take(tensor, axis, sequence);
  }

  private static Tensor take(Tensor tensor, int axis, int at) {
    int[] shape = tensor.shape();
    shape[axis] = 1;
    Tensor part = Tensor.allocate(tensor.type(), shape);
    Pieces.copy(tensor, at, part, 0, axis, 1);
    return part;
  }

  private static Tensor drop(Tensor tensor, int axis) {
    return tensor.reshape(
        IntStream.range(0, tensor.rank()).filter(k -> k != axis).map(tensor::dimension).toArray());
  }
}
