package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A recorded case of kind {@code stream}: frames fed one by one to a model that takes a frame and a
 * state and answers with a result and the next state, which begins as zeros. Its folder {@code
 * frames} holds {@code input.npy} and {@code mask.npy} [frames, ...] and {@code final_state.npy}.
 */
final class FrameCase {
  private final Tensor frames;

  /** What the model must have answered, by the file's name. */
  private final Map<String, Tensor> expected = new LinkedHashMap<>();

  /**
   * @throws InputException when a file is missing or no array
   */
  FrameCase(Path folder) {
    frames = Npy.read(folder.resolve("frames/input.npy"));
    expected.put("mask", Npy.read(folder.resolve("frames/mask.npy")));
    expected.put("final_state", Npy.read(folder.resolve("frames/final_state.npy")));
    if (frames.rank() < 2 || frames.size() == 0) {
      throw new InputException(folder + ": frames/input.npy must be [frames, ...], is " + frames);
    }
  }

  /** How many frames there are. */
  int count() {
    return frames.dimension(0);
  }

  Map<String, Tensor> expected() {
    return expected;
  }

  /** What the model answers, named and shaped like {@link #expected}. */
  Map<String, Tensor> run(Session session) {
    Network network = session.network();
    if (network.inputs().size() != 2 || network.outputs().size() != 2) {
      throw new InputException(
          network.name()
              + ": a model that is fed frames takes a frame and a state and answers two");
    }
    Port frame = network.inputs().get(0);
    Port state = network.inputs().get(1);
    List<String> answers = network.outputs().stream().map(Port::name).toList();
    int count = frames.dimension(0);
    int size = frames.size() / count;
    int[] shape = frame.shape().resolve(Map.of());
    Tensor results = like("mask");
    FloatBuffer filled = results.floats();
    Tensor carried = Tensor.allocate(state.type(), state.shape().resolve(Map.of()));
    for (int k = 0; k < count; k++) {
      float[] one = new float[size];
      frames.floats().get(k * size, one);
      Map<String, Tensor> outputs =
          session.run(Map.of(frame.name(), Tensor.of(one, shape), state.name(), carried));
      FloatBuffer answer = Objects.requireNonNull(outputs.get(answers.get(0))).floats();
      if (answer.remaining() > filled.remaining()) {
        throw new InputException("frames/mask.npy holds less than the model answers");
      }
      filled.put(answer);
      carried = Objects.requireNonNull(outputs.get(answers.get(1)));
    }
    if (filled.hasRemaining()) {
      throw new InputException("frames/mask.npy holds more than the model answers");
    }
    return Map.of("mask", results, "final_state", carried);
  }

  private Tensor like(String name) {
    Tensor tensor = Objects.requireNonNull(expected.get(name), name);
    return Tensor.allocate(tensor.type(), tensor.shape());
  }
}
