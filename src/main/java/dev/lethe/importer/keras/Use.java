package dev.lethe.importer.keras;

import dev.lethe.ModelFormatException;
import dev.lethe.Tensor;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Value;
import java.util.List;
import java.util.Map;

/**
 * One call of a layer, on its way to become stages.
 *
 * @param layer whose
 * @param weights its arrays
 * @param builder takes the stages
 * @param inputs what it reads
 * @param numbers that the call has beside tensors
 * @param masks those of the model
 * @param states takes the final states of stateful layers, by the name of an output
 */
record Use(
    Layer layer,
    LayerWeights weights,
    GraphBuilder builder,
    List<Signal> inputs,
    List<Double> numbers,
    Masks masks,
    Map<String, Value> states) {
  Config config() {
    return layer.config();
  }

  String name() {
    return layer.name();
  }

  /** The first of the inputs. */
  Signal input() {
    return inputs.get(0);
  }

  /** The only input, floats of so many axes, the batch counted. */
  Value floats(int leastRank, int mostRank) {
    if (inputs.size() != 1) {
      throw error("takes one input, has " + inputs.size());
    }
    Value x = input().value();
    int rank = x.shape().rank();
    if (rank < leastRank || rank > mostRank) {
      throw error("takes " + leastRank + " to " + mostRank + " axes, has " + x.shape());
    }
    if (x.type() != Tensor.Type.FLOAT32) {
      throw error("takes real numbers, has integers");
    }
    return x;
  }

  /** The length of the last axis, which weights need to know. */
  int features() {
    return features(input().value());
  }

  int features(Value x) {
    if (x.shape().rank() < 2 || !x.shape().dim(-1).isConstant()) {
      throw error("needs a known number of features, has " + x.shape());
    }
    return Config.size(layer.where() + ": features", x.shape().dim(-1).factor());
  }

  /** The same value under another layer's settings: for a layer inside this one. */
  Use inside(Layer inner, LayerWeights innerWeights) {
    return new Use(inner, innerWeights, builder, inputs, numbers, masks, states);
  }

  /** The input's mask goes on with {@code y}. */
  List<Signal> masked(Value y) {
    return List.of(input().with(y));
  }

  ModelFormatException error(String message) {
    return config().error(message);
  }
}
