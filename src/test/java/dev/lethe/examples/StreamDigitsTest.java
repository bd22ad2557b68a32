package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class StreamDigitsTest {
  private static final int HALF = Digits.ROWS / 2;

  private final Digits digits = Digits.heldOut();
  private final Network network = Network.load(Examples.file("digits/digits.onnx"));

  StreamDigitsTest() throws IOException {}

  @ParameterizedTest
  @MethodSource("dev.lethe.examples.ForecastCo2Test#devices")
  void theLastRowGivesTheBitsOfAWholeRun(String device) {
    Options options = Options.defaults().withDevice(device);
    List<Tensor> answers = StreamDigits.afterEachRow(digits, options);
    assertEquals(Digits.ROWS, answers.size());
    assertSame(whole(digits.tensor(), options), answers.get(Digits.ROWS - 1).toFloatArray());
    int first = digits.right(Digits.likeliest(answers.get(0)));
    int fifth = digits.right(Digits.likeliest(answers.get(4)));
    int last = digits.right(Digits.likeliest(answers.get(7)));
    assertTrue(first < fifth && fifth < last, first + ", " + fifth + ", " + last);
    assertEquals(571, last);
  }

  @ParameterizedTest
  @MethodSource("dev.lethe.examples.ForecastCo2Test#devices")
  void onePastCanHaveTwoFutures(String device) {
    Options options = Options.defaults().withDevice(device);
    float[] one = digits.pixels().get(0);
    float[] other = digits.pixels().get(1);
    float[] mixed = one.clone();
    int cut = HALF * Digits.COLUMNS;
    System.arraycopy(other, cut, mixed, cut, cut);
    try (Stream stream = network.openStream(10_000, options)) {
      Map<String, Tensor> outputs =
          StreamDigits.twoFutures(stream, half(one, 0), half(one, HALF), half(other, HALF));
      float[] y = outputs.get("y").toFloatArray();
      assertSame(whole(tensor(one), options), Arrays.copyOf(y, 10));
      assertSame(whole(tensor(mixed), options), Arrays.copyOfRange(y, 10, 20));
      stream
          .exportState(18)
          .forEach(
              (name, state) ->
                  assertSame(
                      state.toFloatArray(), stream.exportState(9_023).get(name).toFloatArray()));
      stream
          .exportState(17)
          .values()
          .forEach(state -> assertSame(new float[state.size()], state.toFloatArray()));
    }
  }

  private float[] whole(Tensor x, Options options) {
    try (Session session = network.open(options)) {
      return session.run(Map.of("x", x)).get("y").toFloatArray();
    }
  }

  private static Tensor tensor(float[] digit) {
    return Tensor.of(digit, 1, Digits.ROWS, Digits.COLUMNS);
  }

  private static Tensor half(float[] digit, int firstRow) {
    int from = firstRow * Digits.COLUMNS;
    float[] part = Arrays.copyOfRange(digit, from, from + HALF * Digits.COLUMNS);
    return Tensor.of(part, 1, HALF, Digits.COLUMNS);
  }

  /** Bit for bit: without a delta, the assertion compares as Float.floatToIntBits does. */
  private static void assertSame(float[] expected, float[] actual) {
    assertArrayEquals(expected, actual);
  }
}
