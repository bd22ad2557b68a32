package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.LetheException;
import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import dev.lethe.network.Graph;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Runs one recorded case. In fp32 an element may be off by what the case allows; in another
 * precision, which its results were not recorded in, by as much more as {@link Tolerance} gives
 * that precision beyond fp32.
 */
final class CaseRunner {
  private final Options options;

  CaseRunner(Options options) {
    this.options = options;
  }

  /** What is wrong, in one line; empty when the case passes. */
  Optional<String> failure(Path folder) {
    try {
      Case recorded = Case.read(folder);
      if (recorded.kind().equals("stream")) {
        return frames(recorded, folder);
      }
      if (!recorded.kind().isEmpty()) {
        return Optional.of("unknown kind '" + recorded.kind() + "'; there is stream");
      }
      return recorded.rejects() ? acceptance(recorded) : mismatch(recorded);
    } catch (LetheException e) {
      return Optional.of(Failures.message(e));
    } catch (RuntimeException e) {
      return Optional.of(Failures.message(e) + " (" + e.getClass().getSimpleName() + ")");
    }
  }

  private Optional<String> frames(Case recorded, Path folder) {
    FrameCase frames = new FrameCase(folder);
    Network network = Network.load(recorded.model());
    try (Session session = network.open(options)) {
      // each frame is a run of its own that goes on from the state of the one before
      Tolerance allowed = allowed(recorded, network, Map.of(), Math.sqrt(frames.count()));
      return mismatch(allowed, frames.expected(), frames.run(session));
    }
  }

  private static Optional<String> acceptance(Case recorded) {
    try {
      Network.load(recorded.model());
      return Optional.of("the model is accepted; it must be refused, naming " + recorded.names());
    } catch (ModelFormatException e) {
      return e.getMessage().contains(recorded.names())
          ? Optional.empty()
          : Optional.of("refused without naming '" + recorded.names() + "': " + e.getMessage());
    }
  }

  private Optional<String> mismatch(Case recorded) {
    List<Path> sets = recorded.dataSets();
    if (sets.isEmpty()) {
      return Optional.of("no folder test_data_set_0 with inputs and outputs");
    }
    for (Path set : sets) {
      Optional<String> mismatch = mismatch(recorded, set);
      if (mismatch.isPresent()) {
        return mismatch;
      }
    }
    return Optional.empty();
  }

  private Optional<String> mismatch(Case recorded, Path set) {
    Map<String, Tensor> inputs = inputs(recorded, set);
    Model loaded = Model.load(recorded.model(), inputs);
    inputs.keySet().removeAll(loaded.weights());
    Network network = loaded.network();
    List<String> names = network.outputs().stream().map(Port::name).toList();
    Map<String, Tensor> expected = CaseData.read(set, "output", names);
    if (expected.isEmpty()) {
      return Optional.of(set.getFileName() + " holds no outputs to hold results against");
    }
    try (Session session = network.open(options)) {
      Tolerance allowed = allowed(recorded, network, inputs, 1);
      return mismatch(allowed, expected, session.run(inputs));
    }
  }

  private Tolerance allowed(
      Case recorded, Network network, Map<String, Tensor> inputs, double times) {
    Tolerance single = new Tolerance(recorded.atol(), recorded.rtol());
    if (options.precision() == Precision.FP32) {
      return single;
    }
    Graph graph = Model.graph(network);
    Map<String, int[]> shapes = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    Map<String, Integer> sizes = Tolerance.sizes(graph, shapes);
    return single.plus(Tolerance.rounding(graph, sizes, options.precision()), times);
  }

  /** The inputs of a data set, by name, weights that the model takes as inputs among them. */
  static Map<String, Tensor> inputs(Case recorded, Path set) {
    List<String> order =
        Model.isOnnx(recorded.model())
            ? Model.inputOrder(recorded.model())
            : Model.load(recorded.model(), Map.of()).network().inputs().stream()
                .map(Port::name)
                .toList();
    return new LinkedHashMap<>(CaseData.read(set, "input", order));
  }

  private static Optional<String> mismatch(
      Tolerance allowed, Map<String, Tensor> expected, Map<String, Tensor> got) {
    for (Map.Entry<String, Tensor> entry : expected.entrySet()) {
      Tensor result = got.get(entry.getKey());
      if (result == null) {
        throw new InputException("no output '" + entry.getKey() + "'; there are " + got.keySet());
      }
      Optional<String> difference = difference(allowed, entry.getValue(), result);
      if (difference.isPresent()) {
        return Optional.of("output " + entry.getKey() + ": " + difference.get());
      }
    }
    return Optional.empty();
  }

  /** The first element beyond the tolerance; NaN is beyond any. */
  private static Optional<String> difference(Tolerance allowed, Tensor expected, Tensor got) {
    if (!Arrays.equals(expected.shape(), got.shape()) || expected.type() != got.type()) {
      return Optional.of("expected " + expected + ", got " + got);
    }
    for (int k = 0; k < expected.size(); k++) {
      double wanted = element(expected, k);
      double actual = element(got, k);
      if (!(Math.abs(actual - wanted) <= allowed.allowed(wanted))) {
        return Optional.of(
            "element "
                + index(expected.shape(), k)
                + " expected "
                + wanted
                + ", got "
                + actual
                + " (off by "
                + Math.abs(actual - wanted)
                + ", allowed "
                + allowed.allowed(wanted)
                + ")");
      }
    }
    return Optional.empty();
  }

  private static double element(Tensor tensor, int k) {
    return tensor.type() == Tensor.Type.FLOAT32
        ? tensor.bytes().getFloat(k * Tensor.Type.BYTES)
        : tensor.bytes().getInt(k * Tensor.Type.BYTES);
  }

  private static String index(int[] shape, int flat) {
    int[] index = new int[shape.length];
    int rest = flat;
    for (int axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    return Arrays.toString(index);
  }
}
