package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lethe.Device;
import dev.lethe.Dim;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A sequence's result has the same bits alone, in any batch, at any place in it, padded to any
 * length.
 */
class BatchInvarianceTest {
  private static final int INPUT = 5;
  private static final int HIDDEN = Cases.SMALL ? 5 : 19;
  private static final int BATCH = Cases.SMALL ? 4 : 15;
  private static final int STEPS = Cases.SMALL ? 3 : 6;

  private final Graph graph = network();
  private final float[][] sequences = sequences();

  static Stream<String> devices() {
    return Devices.usable().stream().map(Device::id);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aloneOrInABatch(String device) {
    try (Session session = graph.open(new Options(device, 2))) {
      float[][] together = run(session, sequences, STEPS);
      for (int b = 0; b < BATCH; b++) {
        assertArrayEquals(run(session, new float[][] {sequences[b]}, STEPS)[0], together[b]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void atEveryPlace(String device) {
    try (Session session = graph.open(new Options(device, 2))) {
      float[][] expected = run(session, sequences, STEPS);
      for (int shift = 1; shift < BATCH; shift++) {
        float[][] turned = new float[BATCH][];
        for (int b = 0; b < BATCH; b++) {
          turned[b] = sequences[(b + shift) % BATCH];
        }
        float[][] actual = run(session, turned, STEPS);
        for (int b = 0; b < BATCH; b++) {
          assertArrayEquals(expected[(b + shift) % BATCH], actual[b]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void paddedToAnyLength(String device) {
    try (Session session = graph.open(new Options(device, 2))) {
      float[][] expected = run(session, sequences, STEPS);
      for (int steps : new int[] {STEPS + 1, STEPS + (Cases.SMALL ? 2 : 11)}) {
        assertArrayEquals(expected, run(session, sequences, steps));
      }
      for (float[] sequence : sequences) {
        int own = Math.max(1, sequence.length / INPUT);
        float[] alone = run(session, new float[][] {sequence}, own)[0];
        assertArrayEquals(alone, run(session, new float[][] {sequence}, STEPS)[0]);
      }
    }
  }

  /** Two layers, both directions, a head on each step. */
  private static Graph network() {
    Random random = new Random(21);
    GraphBuilder g = new GraphBuilder();
    Value x =
        g.input(
            "x", Tensor.Type.FLOAT32, Shape.of(Dim.symbol("b"), Dim.symbol("t"), Dim.of(INPUT)));
    Value lengths = g.input("lengths", Tensor.Type.INT32, Shape.of(Dim.symbol("b")));
    Value below = x;
    for (int width : new int[] {INPUT, 2 * HIDDEN}) {
      GraphBuilder.LstmOutputs out =
          g.lstm(
              "lstm",
              Layouts.BATCH_FIRST,
              List.of(
                  new Lstm.Direction(false, Cases.cell(random, HIDDEN, width)),
                  new Lstm.Direction(true, Cases.cell(random, HIDDEN, width))),
              below,
              Optional.of(lengths),
              Optional.empty(),
              Optional.empty());
      g.output("h" + width, g.transpose("h" + width, out.finalH(), List.of(1, 0, 2)));
      below = out.y();
    }
    Value head =
        g.dense("head", Cases.matrix(random, 2 * HIDDEN, 3), Cases.matrix(random, 1, 3), below);
    return g.output("y", g.softmax("softmax", true, head)).build("invariance", "made by hand");
  }

  /** [B][length * I], of lengths from 0 to STEPS. */
  private static float[][] sequences() {
    Random random = new Random(22);
    float[][] sequences = new float[BATCH][];
    for (int b = 0; b < BATCH; b++) {
      sequences[b] = new float[b % (STEPS + 1) * INPUT];
      for (int k = 0; k < sequences[b].length; k++) {
        sequences[b][k] = (float) random.nextGaussian();
      }
    }
    return sequences;
  }

  /** Everything that belongs to each sequence, without what follows its end. */
  private static float[][] run(Session session, float[][] sequences, int steps) {
    Map<String, Tensor> out = session.run(Cases.padded(sequences, steps, INPUT));
    List<float[]> results = new ArrayList<>();
    for (int b = 0; b < sequences.length; b++) {
      int length = sequences[b].length / INPUT;
      float[] result = new float[4 * HIDDEN + length * 3];
      for (int layer = 0; layer < 2; layer++) {
        float[] h = out.get("h" + (layer == 0 ? INPUT : 2 * HIDDEN)).toFloatArray();
        System.arraycopy(h, b * 2 * HIDDEN, result, layer * 2 * HIDDEN, 2 * HIDDEN);
      }
      float[] y = out.get("y").toFloatArray();
      System.arraycopy(y, b * steps * 3, result, 4 * HIDDEN, length * 3);
      results.add(result);
    }
    return results.toArray(float[][]::new);
  }
}
