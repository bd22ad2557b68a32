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
import dev.lethe.network.Value;
import dev.lethe.spi.Importer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The state dictionary of one torch.nn.LSTM in a safetensors file. L layers, D directions, H hidden
 * size, P output size (H without a projection):
 *
 * <ul>
 *   <li>in: X [batch, time, I]; optionally sequence_lens [batch], initial_h [L*D, batch, P],
 *       initial_c [L*D, batch, H]
 *   <li>out: Y [batch, time, D*P], Y_h [L*D, batch, P], Y_c [L*D, batch, H]
 * </ul>
 *
 * <p>A state dictionary does not say which axis comes first. Where the file's metadata have {@code
 * "batch_first": "false"}, X and Y are [time, batch, ...].
 */
public final class SafetensorsImporter implements Importer {
  private static final Dim BATCH = Dim.symbol("batch");
  private static final Dim TIME = Dim.symbol("time");

  @Override
  public String formats() {
    return "PyTorch LSTM state dictionaries (.safetensors)";
  }

  @Override
  public boolean accepts(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".safetensors");
  }

  /**
   * @param constants ignored: all weights are in the file
   * @throws ModelFormatException when the file is damaged or holds something else than one LSTM
   */
  @Override
  public Network read(Path file, Map<String, Tensor> constants) {
    Safetensors tensors = Safetensors.open(file);
    LstmTensors lstm = LstmTensors.find(file, tensors);
    boolean timeFirst = "false".equalsIgnoreCase(tensors.metadata().get("batch_first"));
    List<List<Lstm.Direction>> layers = layers(lstm);
    try {
      return network(String.valueOf(file.getFileName()), layers, timeFirst);
    } catch (IllegalArgumentException e) {
      throw new ModelFormatException(file + ": " + e.getMessage(), e);
    }
  }

  private static List<List<Lstm.Direction>> layers(LstmTensors lstm) {
    List<List<Lstm.Direction>> layers = new ArrayList<>();
    for (int layer = 0; layer < lstm.layers(); layer++) {
      List<Lstm.Direction> directions = new ArrayList<>();
      for (int direction = 0; direction < lstm.directions(); direction++) {
        directions.add(new Lstm.Direction(direction == 1, lstm.cell(layer, direction == 1)));
      }
      layers.add(directions);
    }
    return layers;
  }

  private static Graph network(String name, List<List<Lstm.Direction>> layers, boolean timeFirst) {
    Cell first = layers.get(0).get(0).cell();
    int directions = layers.get(0).size();
    Dim states = Dim.of((long) layers.size() * directions);
    GraphBuilder builder = new GraphBuilder();
    Dim features = Dim.of(first.inputSize());
    Value x =
        builder.input(
            "X",
            Tensor.Type.FLOAT32,
            timeFirst ? Shape.of(TIME, BATCH, features) : Shape.of(BATCH, TIME, features));
    Value lengths =
        builder.input(
            "sequence_lens", Tensor.Type.INT32, Shape.of(BATCH), Graph.Default.FULL_LENGTH);
    Value h = state(builder, "initial_h", Shape.of(states, BATCH, Dim.of(first.outputSize())));
    Value c = state(builder, "initial_c", Shape.of(states, BATCH, Dim.of(first.hiddenSize())));
    List<Value> finalH = new ArrayList<>();
    List<Value> finalC = new ArrayList<>();
    for (int layer = 0; layer < layers.size(); layer++) {
      GraphBuilder.LstmOutputs outputs =
          builder.lstm(
              "l" + layer,
              timeFirst ? Layouts.TIME_FIRST : Layouts.BATCH_FIRST,
              layers.get(layer),
              x,
              Optional.of(lengths),
              Optional.of(part(builder, "l" + layer + ".initial_h", h, layer, directions)),
              Optional.of(part(builder, "l" + layer + ".initial_c", c, layer, directions)));
      x = outputs.y();
      finalH.add(outputs.finalH());
      finalC.add(outputs.finalC());
    }
    builder.output("Y", x);
    builder.output("Y_h", joined(builder, "final_h", finalH));
    builder.output("Y_c", joined(builder, "final_c", finalC));
    return builder.build(name, "PyTorch LSTM (safetensors)");
  }

  private static Value state(GraphBuilder builder, String name, Shape shape) {
    return builder.input(name, Tensor.Type.FLOAT32, shape, Graph.Default.ZEROS);
  }

  /** One layer's part of the states of all. */
  private static Value part(
      GraphBuilder builder, String name, Value states, int layer, int directions) {
    boolean all = states.shape().dim(0).equals(Dim.of(directions));
    return all
        ? states
        : builder.slice(name, states, 0, (long) layer * directions, 1, Dim.of(directions));
  }

  private static Value joined(GraphBuilder builder, String name, List<Value> layers) {
    return layers.size() == 1 ? layers.get(0) : builder.concat(name, 0, layers);
  }
}
