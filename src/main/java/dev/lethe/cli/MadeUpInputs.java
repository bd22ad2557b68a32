package dev.lethe.cli;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.network.Embedding;
import dev.lethe.network.Graph;
import dev.lethe.network.Stage;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** Seeded inputs for a network whose caller gave none. Optional ones are left out. */
final class MadeUpInputs {
  private static final int SEQUENCES = 32;
  private static final int STEPS = 64;
  private static final int OTHER = 8;

  /** Numbers before they repeat: normal ones take long to make. */
  private static final int DIFFERENT = 1 << 20;

  private MadeUpInputs() {}

  /**
   * Normal floats and ids that every embedding has; 32 sequences of 64 steps where the model leaves
   * that open.
   */
  static Map<String, Tensor> of(Graph network) {
    return of(network, sizes(network));
  }

  /** Normal floats and ids that every embedding has, for these sizes. */
  static Map<String, Tensor> of(Graph network, Map<String, Integer> sizes) {
    Random random = new Random(1);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (Port port : network.inputs()) {
      if (!port.optional()) {
        int[] shape = port.shape().resolve(sizes);
        Tensor tensor = Tensor.allocate(port.type(), shape);
        fill(tensor, random, words(network));
        inputs.put(port.name(), tensor);
      }
    }
    return inputs;
  }

  /** Every named size: 32 sequences of 64 steps where the model leaves that open. */
  static Map<String, Integer> sizes(Network network) {
    Map<String, Integer> sizes = new LinkedHashMap<>();
    for (Port port : network.inputs()) {
      for (Dim dim : port.shape().dims()) {
        dim.symbols().forEach(name -> sizes.put(name, OTHER));
      }
    }
    network.batchSize().ifPresent(name -> sizes.put(name, SEQUENCES));
    network.timeSteps().ifPresent(name -> sizes.put(name, STEPS));
    return sizes;
  }

  /**
   * Every named size, with the steps that a user gave, if any.
   *
   * @throws InputException when the model fixes its time steps and they are given nevertheless
   */
  static Map<String, Integer> sizes(Network network, Optional<Integer> steps) {
    Map<String, Integer> sizes = sizes(network);
    if (steps.isPresent()) {
      String time =
          network
              .timeSteps()
              .orElseThrow(
                  () ->
                      new InputException("--steps: the model fixes its time steps; leave it out"));
      sizes.put(time, steps.get());
    }
    return sizes;
  }

  private static int words(Graph network) {
    int least = OTHER;
    for (Stage stage : network.steps()) {
      least =
          stage instanceof Embedding embedding ? Math.min(least, embedding.table().rows()) : least;
    }
    return least;
  }

  private static void fill(Tensor tensor, Random random, int words) {
    IntBuffer bits = tensor.bytes().asIntBuffer();
    for (int k = 0; k < tensor.size(); k++) {
      if (k >= DIFFERENT) {
        bits.put(k, bits.get(k - DIFFERENT));
      } else if (tensor.type() == Tensor.Type.FLOAT32) {
        bits.put(k, Float.floatToRawIntBits((float) random.nextGaussian()));
      } else {
        bits.put(k, 1 + random.nextInt(Math.max(1, words - 1)));
      }
    }
  }
}
