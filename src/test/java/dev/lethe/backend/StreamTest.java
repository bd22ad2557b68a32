package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A sequence fed in pieces, beside whichever others, has the bits of one whole run. */
class StreamTest {
  private static final int INPUT = 3;
  private static final int HIDDEN = 19;
  private static final int OUTPUT = 4;
  private static final int SEQUENCES = 13;
  private static final int CAPACITY = 40;
  private static final Dim B = Dim.symbol("batch");
  private static final Dim T = Dim.symbol("time");

  static java.util.stream.Stream<String> devices() {
    return java.util.stream.Stream.concat(
        java.util.stream.Stream.of("cpu:scalar"), Devices.usable().stream().map(Device::id));
  }

  static java.util.stream.Stream<String> singlePrecision() {
    return Devices.usable().stream().map(Device::id);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aStreamThatCannotBeOpenedLeavesNoThread(String device) throws InterruptedException {
    Graph graph = network(Layouts.BATCH_FIRST);
    long before = threads();
    Options options = new Options(device, 2);
    // no array is as long
    assertThrows(OutOfMemoryError.class, () -> graph.openStream(Integer.MAX_VALUE, options));
    for (int k = 0; k < 100 && threads() > before; k++) {
      Thread.sleep(10); // they end by themselves, soon
    }
    assertEquals(before, threads());
  }

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("lethe-cpu-\\d+"))
        .count();
  }

  @ParameterizedTest
  @MethodSource("devices")
  void cutAnywhereBesideAnyOthers(String device) {
    Graph graph = network(Layouts.BATCH_FIRST);
    float[][] sequences = sequences();
    float[][] whole = whole(graph, device, sequences);
    Random random = new Random(7);
    List<Integer> ids = new ArrayList<>();
    for (int id = 0; id < CAPACITY; id++) {
      ids.add(id);
    }
    Collections.shuffle(ids, random);
    int[] done = new int[SEQUENCES];
    float[][] pieces = new float[SEQUENCES][0];
    try (Stream stream = graph.openStream(CAPACITY, new Options(device, 2))) {
      while (steps(sequences) > Arrays.stream(done).sum()) {
        List<Integer> rows = subset(random);
        int[] counts = new int[rows.size()];
        for (int k = 0; k < counts.length; k++) {
          int left = sequences[rows.get(k)].length / INPUT - done[rows.get(k)];
          counts[k] = Math.min(left, random.nextInt(6));
        }
        int[] own = rows.stream().mapToInt(ids::get).toArray();
        float[][] y = step(stream, own, rows, sequences, done, counts);
        for (int k = 0; k < counts.length; k++) {
          int row = rows.get(k);
          pieces[row] = joined(pieces[row], y[k]);
          done[row] += counts[k];
        }
      }
    }
    for (int k = 0; k < SEQUENCES; k++) {
      assertArrayEquals(whole[k], pieces[k], "sequence " + k);
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  void resetForkAndTheOthersAreLeftAlone(String device) {
    Graph graph = network(Layouts.TIME_FIRST);
    Tensor first = Cases.floats(new Random(1), 4, 2, INPUT);
    Tensor then = Cases.floats(new Random(2), 3, 2, INPUT);
    try (Stream stream = graph.openStream(5, new Options(device, 2))) {
      float[] anew = y(stream.step(new int[] {4, 2}, Map.of("x", first)));
      stream.fork(4, 0);
      stream.fork(2, 2);
      stream.fork(2, 1);
      float[] on = y(stream.step(new int[] {4, 2}, Map.of("x", then)));
      assertArrayEquals(on, y(stream.step(new int[] {0, 1}, Map.of("x", then))));
      assertFalse(Arrays.equals(anew, y(stream.step(new int[] {0, 1}, Map.of("x", first)))));
      stream.reset(0, 1);
      stream.reset();
      assertArrayEquals(anew, y(stream.step(new int[] {0, 1}, Map.of("x", first))));
      stream.reset(2);
      assertArrayEquals(anew, y(stream.step(new int[] {3, 2}, Map.of("x", first))));
    }
  }

  @ParameterizedTest
  @MethodSource("singlePrecision")
  void statesGoToAnotherStream(String device) {
    Graph graph = network(Layouts.ONNX);
    Tensor first = Cases.floats(new Random(1), 4, 2, INPUT);
    Tensor then = Cases.floats(new Random(2), 3, 1, INPUT);
    try (Stream stream = graph.openStream(3, new Options(device, 2));
        Stream other = graph.openStream(8, new Options(device, 1))) {
      stream.step(new int[] {2, 1}, Map.of("x", first));
      Map<String, Tensor> state = stream.exportState(1);
      assertEquals(
          List.of("lstm.h", "lstm.c", "lstm#2.h", "lstm#2.c"), List.copyOf(state.keySet()));
      assertArrayEquals(new int[] {OUTPUT}, state.get("lstm#2.h").shape());
      assertArrayEquals(new int[] {HIDDEN}, state.get("lstm#2.c").shape());
      other.importState(7, state);
      assertArrayEquals(
          y(stream.step(new int[] {1}, Map.of("x", then))),
          y(other.step(new int[] {7}, Map.of("x", then))));
      assertTrue(
          other.exportState(0).values().stream()
              .allMatch(t -> Arrays.equals(t.toFloatArray(), new float[t.size()])));
      assertEquals(3L * 4 * (3 * HIDDEN + OUTPUT), stream.stateBytes());
    }
  }

  @ParameterizedTest
  @MethodSource("devices")
  @SuppressWarnings("try") // closes early to see what is refused then
  void whatDoesNotFitIsRefusedAndChangesNothing(String device) {
    Graph graph = network(Layouts.TIME_FIRST);
    Tensor x = Cases.floats(new Random(1), 4, 2, INPUT);
    Map<String, Tensor> good = Map.of("x", x);
    try (Stream stream = graph.openStream(3, new Options(device, 2))) {
      float[] expected = y(stream.step(new int[] {0, 1}, good));
      stream.reset(0, 1);
      refused("stands twice", () -> stream.step(new int[] {1, 1}, good));
      refused("no sequence 3", () -> stream.step(new int[] {1, 3}, good));
      refused("no sequence -1", () -> stream.step(new int[] {-1, 1}, good));
      refused("2 sequences, but there are 3 ids", () -> stream.step(new int[] {0, 1, 2}, good));
      refused("'x'", () -> stream.step(new int[] {0, 1}, Map.of()));
      refused(
          "no input 'lstm.h.live'", () -> stream.step(new int[] {0, 1}, with(good, "lstm.h.live")));
      refused("no input 'h0'", () -> stream.step(new int[] {0, 1}, with(good, "h0")));
      refused("no sequence 3", () -> stream.reset(3));
      refused("stands twice", () -> stream.reset(2, 2));
      refused("no sequence 9", () -> stream.fork(0, 9));
      refused("no sequence 3", () -> stream.exportState(3));
      refused("is missing", () -> stream.importState(0, Map.of()));
      refused("no state 'q'", () -> stream.importState(0, Map.of("q", x)));
      refused("FLOAT32[19]", () -> stream.importState(0, with(stream.exportState(0), "lstm.c")));
      assertArrayEquals(expected, y(stream.step(new int[] {0, 1}, good)));
      stream.close();
      assertThrows(IllegalStateException.class, () -> stream.reset(0));
    }
    refused("at least 1", () -> graph.openStream(0, new Options(device, 1)));
  }

  @Test
  void networksThatCannotBeCutInTimeAreRefused() {
    Options cpu = new Options("cpu", 1);
    refused("from a sequence's end", () -> oneLayer(true, Graph.Default.ZEROS).openStream(1, cpu));
    refused("initial state", () -> oneLayer(false, Graph.Default.NONE).openStream(1, cpu));
    GraphBuilder none = new GraphBuilder();
    none.output("y", none.input("x", Tensor.Type.FLOAT32, Shape.of(B, T)));
    refused("no LSTM layer", () -> none.build("empty", "by hand").openStream(1, cpu));
    try (Stream stream = oneLayer(false, Graph.Default.ZEROS).openStream(1, cpu)) {
      assertEquals(2, stream.network().inputs().size());
      refused("no input 'h'", () -> stream.step(new int[] {0}, with(Map.of(), "h")));
    }
  }

  private static void refused(String part, org.junit.jupiter.api.function.Executable call) {
    String message = assertThrows(InputException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }

  private static Map<String, Tensor> with(Map<String, Tensor> map, String name) {
    Map<String, Tensor> more = new HashMap<>(map);
    more.put(name, Tensor.of(new float[] {1}, 1));
    return more;
  }

  private static float[] y(Map<String, Tensor> outputs) {
    return outputs.get("y").toFloatArray();
  }

  /** Two layers, the second with a projection, optional initial states for the first, a head. */
  private static Graph network(Layouts layouts) {
    Random random = new Random(31);
    GraphBuilder g = new GraphBuilder();
    boolean timeMajor = layouts.x() == Lstm.SequenceLayout.TIME_MAJOR;
    Dim features = Dim.of(INPUT);
    Value x =
        g.input(
            "x",
            Tensor.Type.FLOAT32,
            timeMajor ? Shape.of(T, B, features) : Shape.of(B, T, features));
    Value lengths = g.input("lengths", Tensor.Type.INT32, Shape.of(B), Graph.Default.FULL_LENGTH);
    Value h0 =
        g.input(
            "h0", Tensor.Type.FLOAT32, Shape.of(Dim.of(2), B, Dim.of(HIDDEN)), Graph.Default.ZEROS);
    Value h = g.slice("first h0", h0, 0, 0, 1, Dim.of(1));
    Value below =
        layer(g, layouts, cell(random, INPUT, Matrix.empty()), x, lengths, Optional.of(h));
    if (layouts.y() == Lstm.OutputLayout.TIME_DIRECTION_BATCH) {
      below = g.reshape("squeezed", below, Shape.of(T, B, Dim.of(HIDDEN)));
    }
    Cell projected = cell(random, HIDDEN, Cases.matrix(random, OUTPUT, HIDDEN));
    Value y = layer(g, layouts, projected, below, lengths, Optional.empty());
    return g.output("y", y).build("streamed", "made by hand");
  }

  private static Value layer(
      GraphBuilder g, Layouts layouts, Cell cell, Value x, Value lengths, Optional<Value> h) {
    List<Lstm.Direction> forward = List.of(new Lstm.Direction(false, cell));
    return g.lstm("lstm", layouts, forward, x, Optional.of(lengths), h, Optional.empty()).y();
  }

  private static Cell cell(Random random, int input, Matrix projection) {
    int out = projection.isEmpty() ? HIDDEN : projection.rows();
    return Cell.of(
        Cases.matrix(random, 4 * HIDDEN, input),
        Cases.matrix(random, 4 * HIDDEN, out),
        Cases.matrix(random, 1, 4 * HIDDEN),
        projection);
  }

  private static Graph oneLayer(boolean reverse, Graph.Default fallback) {
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(T, B, Dim.of(INPUT)));
    Value h = g.input("h", Tensor.Type.FLOAT32, Shape.of(Dim.of(1), B, Dim.of(HIDDEN)), fallback);
    Cell cell = cell(new Random(3), INPUT, Matrix.empty());
    List<Lstm.Direction> directions = List.of(new Lstm.Direction(reverse, cell));
    Value y =
        g.lstm(
                "lstm",
                Layouts.TIME_FIRST,
                directions,
                x,
                Optional.empty(),
                Optional.of(h),
                Optional.empty())
            .y();
    return g.output("y", y).build("one", "made by hand");
  }

  /** [B][length * I], of lengths from 0 on. */
  private static float[][] sequences() {
    Random random = new Random(32);
    float[][] sequences = new float[SEQUENCES][];
    for (int b = 0; b < SEQUENCES; b++) {
      sequences[b] = new float[(3 * b % 29) * INPUT];
      for (int k = 0; k < sequences[b].length; k++) {
        sequences[b][k] = (float) random.nextGaussian();
      }
    }
    return sequences;
  }

  private static int steps(float[][] sequences) {
    return Arrays.stream(sequences).mapToInt(s -> s.length / INPUT).sum();
  }

  private static List<Integer> subset(Random random) {
    List<Integer> rows = new ArrayList<>();
    for (int k = 0; k < SEQUENCES; k++) {
      rows.add(k);
    }
    Collections.shuffle(rows, random);
    return rows.subList(0, 1 + random.nextInt(SEQUENCES));
  }

  private static float[][] whole(Graph graph, String device, float[][] sequences) {
    List<Integer> rows = new ArrayList<>();
    int[] counts = new int[SEQUENCES];
    for (int k = 0; k < SEQUENCES; k++) {
      rows.add(k);
      counts[k] = sequences[k].length / INPUT;
    }
    try (Session session = graph.open(new Options(device, 2))) {
      Map<String, Tensor> inputs = inputs(rows, sequences, new int[SEQUENCES], counts);
      return rows(session.run(inputs).get("y"), counts);
    }
  }

  private static float[][] step(
      Stream stream, int[] ids, List<Integer> rows, float[][] sequences, int[] done, int[] counts) {
    Map<String, Tensor> inputs = inputs(rows, sequences, done, counts);
    return rows(stream.step(ids, inputs).get("y"), counts);
  }

  /** The next counts[k] steps of each sequence, and noise past them. */
  private static Map<String, Tensor> inputs(
      List<Integer> rows, float[][] sequences, int[] done, int[] counts) {
    int steps = Math.max(1, Arrays.stream(counts).max().orElseThrow());
    float[] x = new float[counts.length * steps * INPUT];
    Arrays.fill(x, 5.5f);
    for (int k = 0; k < counts.length; k++) {
      int row = rows.get(k);
      System.arraycopy(sequences[row], done[row] * INPUT, x, k * steps * INPUT, counts[k] * INPUT);
    }
    return Map.of(
        "x",
        Tensor.of(x, counts.length, steps, INPUT),
        "lengths",
        Tensor.of(counts, counts.length));
  }

  /** The first counts[k] steps of each row of y [B, T, P]. */
  private static float[][] rows(Tensor y, int[] counts) {
    float[] all = y.toFloatArray();
    int row = y.dimension(1) * OUTPUT;
    float[][] rows = new float[counts.length][];
    for (int k = 0; k < counts.length; k++) {
      rows[k] = Arrays.copyOfRange(all, k * row, k * row + counts[k] * OUTPUT);
    }
    return rows;
  }

  private static float[] joined(float[] a, float[] b) {
    float[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }
}
