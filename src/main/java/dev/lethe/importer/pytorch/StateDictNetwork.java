package dev.lethe.importer.pytorch;

import dev.lethe.Dim;
import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes the network of a state dictionary of one LSTM and of what its {@link ModelDescription}
 * adds. L layers, D directions, H hidden size, P output size (H without a projection):
 *
 * <ul>
 *   <li>in: X [batch, time, I], or ids [batch, time] for an embedding; optionally sequence_lens
 *       [batch], initial_h [L*D, batch, P], initial_c [L*D, batch, H]
 *   <li>out: Y [batch, time, D*P], or what the head makes of it; Y_h [L*D, batch, P], Y_c [L*D,
 *       batch, H]
 * </ul>
 *
 * <p>Where the description says {@code "batch_first": false}, or a safetensors file's metadata do,
 * X and Y are [time, batch, ...].
 */
final class StateDictNetwork {
  private static final Dim BATCH = Dim.symbol("batch");
  private static final Dim TIME = Dim.symbol("time");

  private final StateDict tensors;
  private final ModelDescription description;
  private final boolean timeFirst;
  private final Set<String> used = new HashSet<>();
  private final GraphBuilder builder = new GraphBuilder();

  private StateDictNetwork(StateDict tensors) {
    this.tensors = tensors;
    this.description = ModelDescription.beside(tensors.file());
    this.timeFirst =
        !description
            .batchFirst()
            .orElse(!"false".equalsIgnoreCase(tensors.metadata().get("batch_first")));
  }

  /**
   * Makes the network.
   *
   * @throws ModelFormatException when a tensor is missing, left over or does not fit
   */
  static Network of(StateDict tensors) {
    try {
      return new StateDictNetwork(tensors).network();
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(tensors.file() + ": " + e.getMessage(), e);
    }
  }

  private Network network() {
    LstmTensors lstm = LstmTensors.find(tensors, description.lstm());
    List<List<Lstm.Direction>> layers = lstm.layers();
    used.addAll(lstm.used());
    Value x = input(layers.get(0).get(0).cell().inputSize());
    Value lengths =
        builder.input(
            "sequence_lens", Tensor.Type.INT32, Shape.of(BATCH), Graph.Default.FULL_LENGTH);
    stack(layers, x, lengths);
    Set<String> others = new TreeSet<>(tensors.names());
    others.removeAll(used);
    if (!others.isEmpty()) {
      throw new ModelFormatException(
          tensors.file()
              + ": tensors "
              + others
              + " belong to no LSTM; say what else the model computes in a description beside it,"
              + " as in "
              + ModelDescription.HINT
              + ", or export it as ONNX");
    }
    String name = String.valueOf(tensors.file().getFileName());
    return builder.build(name, "PyTorch LSTM (" + tensors.format() + ")");
  }

  private Value input(int features) {
    Shape steps = timeFirst ? Shape.of(TIME, BATCH) : Shape.of(BATCH, TIME);
    if (description.embedding().isEmpty()) {
      Shape shape = Shape.of(steps.dim(0), steps.dim(1), Dim.of(features));
      return builder.input("X", Tensor.Type.FLOAT32, shape);
    }
    String module = description.embedding().get();
    return builder.embedding(
        module, required(module, "weight"), builder.input("X", Tensor.Type.INT32, steps));
  }

  private void stack(List<List<Lstm.Direction>> layers, Value input, Value lengths) {
    int directions = layers.get(0).size();
    Cell first = layers.get(0).get(0).cell();
    Dim states = Dim.of((long) layers.size() * directions);
    Value h = state("initial_h", Shape.of(states, BATCH, Dim.of(first.outputSize())));
    Value c = state("initial_c", Shape.of(states, BATCH, Dim.of(first.hiddenSize())));
    List<Value> finalH = new ArrayList<>();
    List<Value> finalC = new ArrayList<>();
    Value x = input;
    for (int layer = 0; layer < layers.size(); layer++) {
      GraphBuilder.LstmOutputs outputs =
          builder.lstm(
              "l" + layer,
              timeFirst ? Layouts.TIME_FIRST : Layouts.BATCH_FIRST,
              layers.get(layer),
              x,
              Optional.of(lengths),
              Optional.of(part("l" + layer + ".initial_h", h, layer, directions)),
              Optional.of(part("l" + layer + ".initial_c", c, layer, directions)));
      x = outputs.y();
      finalH.add(outputs.finalH());
      finalC.add(outputs.finalC());
    }
    builder.output("Y", head(selected(x, finalH.get(finalH.size() - 1), lengths)));
    builder.output("Y_h", joined("final_h", finalH));
    builder.output("Y_c", joined("final_c", finalC));
  }

  private Value selected(Value y, Value finalH, Value lengths) {
    return switch (description.select()) {
      case ALL -> y;
      case LAST ->
          builder.selectStep(
              "last",
              timeFirst ? Lstm.SequenceLayout.TIME_MAJOR : Lstm.SequenceLayout.BATCH_MAJOR,
              1,
              y,
              lengths);
      case FINAL ->
          builder.reshape(
              "final",
              builder.transpose("final.batch_first", finalH, List.of(1, 0, 2)),
              Shape.of(BATCH, y.shape().dim(2)));
    };
  }

  private Value head(Value selected) {
    Value x = selected;
    for (ModelDescription.Head stage : description.head()) {
      if (stage instanceof ModelDescription.Head.Dense dense) {
        x = dense(dense.module(), x);
      } else if (stage instanceof ModelDescription.Head.Activation activation) {
        x = builder.activation("activation", activation.function(), x);
      } else if (stage instanceof ModelDescription.Head.Softmax softmax) {
        x = builder.softmax("softmax", softmax.logarithm(), x);
      }
    }
    return x;
  }

  /** torch.nn.Linear keeps its weights [out][in] and may lack a bias. */
  private Value dense(String module, Value x) {
    Matrix weights = required(module, "weight");
    Matrix bias =
        tensors.has(module + ".bias") ? required(module, "bias") : Matrix.zeros(1, weights.rows());
    return builder.dense(module, transposed(weights), bias, x);
  }

  private Matrix required(String module, String name) {
    String tensor = module.isEmpty() ? name : module + "." + name;
    if (!tensors.has(tensor)) {
      throw new ModelFormatException(
          tensors.file() + ": tensor '" + tensor + "', which the description names, is missing");
    }
    used.add(tensor);
    return tensors.matrix(tensor);
  }

  private static Matrix transposed(Matrix matrix) {
    float[] values = new float[matrix.size()];
    for (int row = 0; row < matrix.rows(); row++) {
      for (int column = 0; column < matrix.columns(); column++) {
        values[column * matrix.rows() + row] = matrix.at(row, column);
      }
    }
    return Matrix.of(matrix.columns(), matrix.rows(), values);
  }

  private Value state(String name, Shape shape) {
    return builder.input(name, Tensor.Type.FLOAT32, shape, Graph.Default.ZEROS);
  }

  /** One layer's part of the states of all. */
  private Value part(String name, Value states, int layer, int directions) {
    boolean all = states.shape().dim(0).equals(Dim.of(directions));
    return all
        ? states
        : builder.slice(name, states, 0, (long) layer * directions, 1, Dim.of(directions));
  }

  private Value joined(String name, List<Value> layers) {
    return layers.size() == 1 ? layers.get(0) : builder.concat(name, 0, layers);
  }
}
