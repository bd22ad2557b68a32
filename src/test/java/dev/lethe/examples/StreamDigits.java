package dev.lethe.examples;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Many live sequences: digits come in row by row, as from a scanner, and after each row the network
 * says what it takes each for. Their states stay on the device in between.
 */
public final class StreamDigits {
  private StreamDigits() {}

  /** Prints how many are right after each row. */
  public static void main(String[] arguments) throws IOException {
    Digits digits = Digits.heldOut();
    List<Tensor> answers = afterEachRow(digits, Examples.options());
    for (int row = 0; row < answers.size(); row++) {
      System.out.printf(
          "after row %d: %3d of %d are right%n",
          row + 1, digits.right(Digits.likeliest(answers.get(row))), digits.count());
    }
  }

  /** Probabilities [N, 10] after each row. */
  static List<Tensor> afterEachRow(Digits digits, Options options) {
    Network network = Network.load(Examples.file("digits/digits.onnx"));
    List<Tensor> answers = new ArrayList<>();
    try (Stream stream = network.openStream(digits.count(), options)) {
      int[] ids = IntStream.range(0, digits.count()).toArray(); // row k continues sequence ids[k]
      for (int row = 0; row < Digits.ROWS; row++) {
        Tensor x = digits.row(row); // one time step of each: [N, 1, 8]
        answers.add(stream.step(ids, Map.of("x", x)).get("y"));
      }
    }
    return answers;
  }

  /** What else a stream can do: two futures of one past, a new beginning, a state to keep. */
  static Map<String, Tensor> twoFutures(Stream stream, Tensor past, Tensor future, Tensor other) {
    stream.step(new int[] {17}, Map.of("x", past));
    stream.fork(17, 18); // 18 goes on from where 17 is
    Tensor both = stack(future, other);
    Map<String, Tensor> outputs = stream.step(new int[] {17, 18}, Map.of("x", both));
    stream.reset(17); // 17 begins anew
    Map<String, Tensor> state = stream.exportState(18); // to be kept, or imported elsewhere
    stream.importState(9_023, state);
    return outputs;
  }

  /** [1, T, F] and [1, T, F] as [2, T, F]. */
  private static Tensor stack(Tensor a, Tensor b) {
    Tensor both = Tensor.allocate(a.type(), 2, a.dimension(1), a.dimension(2));
    both.floats().put(a.floats()).put(b.floats());
    return both;
  }
}
