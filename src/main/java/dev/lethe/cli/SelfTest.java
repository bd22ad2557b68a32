package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.Dim;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * A small LSTM that every device must get right: odd sizes, two directions, sequences of different
 * lengths.
 */
final class SelfTest {
  private static final int FEATURES = 5;
  private static final int HIDDEN = 7;
  private static final int STEPS = 6;
  private static final int SEQUENCES = 3;

  /**
   * How it went.
   *
   * @param works whether the results are right
   * @param wrong whether it ran and the results are not
   * @param text for people
   */
  record Result(boolean works, boolean wrong, String text) {
    static final Result NOT_RUN = new Result(false, false, "not run");
  }

  private SelfTest() {}

  /** Runs on one device; a failure is a result, not an exception. */
  static Result run(Device device) {
    try (Session session = network().open(Options.defaults().withDevice(device.id()))) {
      Map<String, Tensor> inputs = inputs();
      Map<String, Agreement> agreements = Agreement.check(network(), inputs, session.run(inputs));
      return agreements.values().stream().allMatch(Agreement::passes)
          ? new Result(true, false, "works")
          : new Result(
              false, true, "computes WRONG results: " + agreements.values().iterator().next());
    } catch (RuntimeException | LinkageError e) {
      return new Result(false, false, "fails: " + Failures.oneLine(String.valueOf(e.getMessage())));
    }
  }

  /** The network itself, for whoever wants to know early whether a device can be opened. */
  static Graph network() {
    Random random = new Random(20261121);
    GraphBuilder builder = new GraphBuilder();
    Value x =
        builder.input(
            "x",
            Tensor.Type.FLOAT32,
            Shape.of(Dim.symbol("time"), Dim.symbol("batch"), Dim.of(FEATURES)));
    Value lengths =
        builder.input(
            "lengths", Tensor.Type.INT32, Shape.of(Dim.symbol("batch")), Graph.Default.FULL_LENGTH);
    GraphBuilder.LstmOutputs lstm =
        builder.lstm(
            "doctor",
            GraphBuilder.Layouts.TIME_FIRST,
            List.of(
                new Lstm.Direction(false, cell(random)), new Lstm.Direction(true, cell(random))),
            x,
            Optional.of(lengths),
            Optional.empty(),
            Optional.empty());
    return builder
        .output("y", lstm.y())
        .output("h", lstm.finalH())
        .output("c", lstm.finalC())
        .build("doctor", "built in");
  }

  private static Cell cell(Random random) {
    int rows = Cell.GATES * HIDDEN;
    return Cell.of(
        matrix(random, rows, FEATURES), matrix(random, rows, HIDDEN), matrix(random, 1, rows));
  }

  private static Matrix matrix(Random random, int rows, int columns) {
    return Matrix.of(rows, columns, normal(random, rows * columns));
  }

  private static Map<String, Tensor> inputs() {
    float[] x = normal(new Random(7), STEPS * SEQUENCES * FEATURES);
    return Map.of(
        "x", Tensor.of(x, STEPS, SEQUENCES, FEATURES),
        "lengths", Tensor.of(new int[] {STEPS, 1, 4}, SEQUENCES));
  }

  private static float[] normal(Random random, int count) {
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] = (float) random.nextGaussian() / 2;
    }
    return values;
  }
}
