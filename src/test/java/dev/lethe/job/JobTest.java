package dev.lethe.job;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.io.ArraySource;
import dev.lethe.io.Npy;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class JobTest {
  private static final int FEATURES = 3;
  private static final int HIDDEN = 5;
  private static final int SEQUENCES = 60;
  private static final int STEPS = 7;
  private static final List<String> OUTPUTS = List.of("y", "h", "c");

  @TempDir Path folder;
  private final List<String> warnings = new ArrayList<>();
  private final List<Integer> told = new ArrayList<>();

  static Stream<Arguments> networks() {
    return Stream.of(
            Layouts.ONNX, Layouts.ONNX_BATCH_MAJOR, Layouts.BATCH_FIRST, Layouts.TIME_FIRST)
        .flatMap(layouts -> Stream.of(true, false).map(lengths -> Arguments.of(layouts, lengths)));
  }

  @ParameterizedTest
  @MethodSource("networks")
  void chunksGiveTheBitsOfTheWhole(Layouts layouts, boolean lengths) {
    Graph graph = network(layouts, lengths);
    Map<String, Tensor> inputs = inputs(graph, SEQUENCES);
    try (Session session = open(graph, "cpu")) {
      Map<String, Tensor> whole = session.run(inputs);
      for (int most : List.of(1, 7, SEQUENCES, 1000)) {
        run(graph, inputs, Optional.of(most), 1 << 20, List.of(session));
        assertOutputs(whole);
      }
      run(graph, inputs, Optional.empty(), 5000, List.of(session));
      assertOutputs(whole);
      assertTrue(told.size() > 3, told.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("networks")
  void flatSequencesGiveTheBitsOfEachAlone(Layouts layouts, boolean lengths) {
    Graph graph = network(layouts, lengths);
    Random random = new Random(8);
    int[] offsets = new int[SEQUENCES + 1];
    for (int k = 0; k < SEQUENCES; k++) {
      offsets[k + 1] = offsets[k] + (lengths && k % 9 == 0 ? 0 : 1 + random.nextInt(STEPS));
    }
    int rows = offsets[SEQUENCES];
    Tensor flat = Tensor.of(normal(random, rows * FEATURES), rows, FEATURES);
    try (Session session = open(graph, "cpu")) {
      for (int most : List.of(1, 4, 1000)) {
        List<Target> targets = targets();
        try (Job job =
            Job.flat(
                graph,
                Map.of("x", ArraySource.of(flat)),
                offsets,
                targets,
                new Limits(1 << 20, Optional.of(most), 1))) {
          job.begin(List.of(), false);
          job.run(List.of(session), listener());
        }
        for (int k = 0; k < SEQUENCES; k++) {
          int steps = offsets[k + 1] - offsets[k];
          if (steps > 0) {
            float[] x = new float[steps * FEATURES];
            flat.floats().get(offsets[k] * FEATURES, x);
            assertAlone(session.run(Map.of("x", alone(layouts, x, steps))), k, offsets[k], steps);
          }
        }
      }
    }
    assertTrue(rows < SEQUENCES * STEPS);
  }

  @Test
  void offsetsThatDoNotFitAreRefused() {
    Graph graph = network(Layouts.BATCH_FIRST, true);
    assertRefused("element 0 is 1; the first must be 0", graph, 1, 4);
    assertRefused("element 2 is 2, less than the one before, 3", graph, 0, 3, 2, 4);
    assertRefused("has 0 elements", graph);
    assertRefused("has 1 element;", graph, 0);
    assertRefused("the last of the offsets makes sum of lengths 5", graph, 0, 3, 5);
    assertRefused("a sequence is empty", network(Layouts.BATCH_FIRST, false), 0, 2, 2, 4);
  }

  private void assertRefused(String part, Graph graph, int... offsets) {
    Map<String, ArraySource> x = Map.of("x", ArraySource.of(Tensor.of(new float[12], 4, 3)));
    Limits limits = new Limits(1 << 20, Optional.empty(), 1);
    InputException e =
        assertThrows(InputException.class, () -> Job.flat(graph, x, offsets, targets(), limits));
    assertTrue(e.getMessage().contains(part), e.getMessage());
  }

  @Test
  void aChunkWithoutRoomIsSplit() {
    Graph graph = network(Layouts.TIME_FIRST, true);
    Map<String, Tensor> inputs = inputs(graph, SEQUENCES);
    try (Session session = open(graph, "cpu")) {
      Map<String, Tensor> whole = session.run(inputs);
      for (Throwable full :
          List.of(DeviceException.outOfMemory("full"), new OutOfMemoryError("full"))) {
        Few few = new Few(session, 4, full, Integer.MAX_VALUE);
        run(graph, inputs, Optional.of(20), 1 << 20, List.of(few));
        assertOutputs(whole);
        // learnt once: 20, 10 and 5 were too many, then never again
        assertEquals(3, few.refused);
      }
      Few none = new Few(session, 0, DeviceException.outOfMemory("full"), Integer.MAX_VALUE);
      assertThrows(
          DeviceException.class, () -> run(graph, inputs, Optional.of(20), 1 << 20, List.of(none)));
      assertNothingLeft();
    }
  }

  @Test
  void aDeviceThatFailsIsDropped() {
    Graph graph = network(Layouts.BATCH_FIRST, true);
    Map<String, Tensor> inputs = inputs(graph, SEQUENCES);
    for (int runs : List.of(0, 1, 3)) {
      warnings.clear();
      try (Session session = open(graph, "cpu");
          Session other = open(graph, "cpu")) {
        Map<String, Tensor> whole = session.run(inputs);
        Few failing = new Few(other, SEQUENCES, new DeviceException("gone"), runs);
        run(graph, inputs, Optional.of(2), 1 << 20, List.of(failing, session));
        assertOutputs(whole);
        // the first chunk is its; the other one may be through before it gets as many as it bears
        assertTrue(warnings.size() == 1 || (runs > 0 && warnings.isEmpty()), warnings.toString());
        assertTrue(failing.ran <= runs);
      }
    }
  }

  @Test
  void aJobThatFailsGoesOn() throws IOException {
    Graph graph = network(Layouts.TIME_FIRST, true);
    Map<String, Tensor> inputs = inputs(graph, SEQUENCES);
    try (Session session = open(graph, "cpu")) {
      Map<String, Tensor> whole = session.run(inputs);
      Few failing = new Few(session, SEQUENCES, new DeviceException("gone"), 11);
      assertThrows(
          DeviceException.class,
          () -> run(graph, inputs, Optional.of(2), 1 << 20, List.of(failing)));
      assertFalse(Files.exists(folder.resolve("y.npy")));
      Few counting = new Few(session, SEQUENCES, new DeviceException("gone"), Integer.MAX_VALUE);
      // other chunks than before: the bits are the same
      try (Job job = job(graph, inputs, Optional.of(3), 1 << 20, 1)) {
        assertEquals(22, job.begin(List.of("the same"), true));
        assertThrows(
            InputException.class,
            () -> job(graph, inputs, Optional.of(3), 1, 1).begin(List.of("the same"), true),
            "two at a time");
        job.run(List.of(counting), listener());
      }
      assertEquals((SEQUENCES - 22 + 2) / 3, counting.ran);
      assertOutputs(whole);
    }
  }

  @Test
  void anInterruptedJobWaitsForItsThreadsAndIsGoneOnWith() {
    Graph graph = network(Layouts.BATCH_FIRST, true);
    Map<String, Tensor> inputs = inputs(graph, SEQUENCES);
    Thread caller = Thread.currentThread();
    AtomicBoolean writing = new AtomicBoolean();
    Listener interrupting =
        new Listener() {
          @Override
          public void done(int sequences) {
            writing.set(true);
            caller.interrupt();
            LockSupport.parkNanos(50_000_000); // long enough for the caller to be gone, if it goes
            writing.set(false);
          }

          @Override
          public void warn(String what) {
            warnings.add(what);
          }
        };
    try (Session session = open(graph, "cpu")) {
      Map<String, Tensor> whole = session.run(inputs);
      try (Job job = job(graph, inputs, Optional.of(1), 1 << 20, 1)) {
        job.begin(List.of("the same"), false);
        assertThrows(IllegalStateException.class, () -> job.run(List.of(session), interrupting));
        assertFalse(writing.get());
      }
      assertTrue(Thread.interrupted());
      try (Job job = job(graph, inputs, Optional.of(9), 1 << 20, 1)) {
        int done = job.begin(List.of("the same"), true);
        assertTrue(done > 0 && done < SEQUENCES, "done: " + done);
        job.run(List.of(session), listener());
      }
      assertOutputs(whole);
      assertNothingLeft();
    }
  }

  @Test
  void aDamagedJournalIsRefused() throws IOException {
    Graph graph = network(Layouts.TIME_FIRST, true);
    Map<String, Tensor> inputs = inputs(graph, SEQUENCES);
    String head = "lethe journal 1\nthe same\nbegin\n";
    for (String text :
        List.of(
            head + "done 0 61\n",
            head + "done -1 2\n",
            head + "done 5 0\n",
            head + "done 5\n",
            head + "dine 5 1\n",
            head + "done 2147483647 2147483647\n",
            "lethe journal 2\nthe same\nbegin\n")) {
      Files.writeString(folder.resolve(".y.npy.journal"), text);
      try (Job job = job(graph, inputs, Optional.of(3), 1 << 20, 1)) {
        InputException e =
            assertThrows(InputException.class, () -> job.begin(List.of("the same"), true));
        assertTrue(e.getMessage().contains("damaged"), e.getMessage());
      }
    }
    // a line that a kill cut off does not count, and a part that is not there is missed
    Files.writeString(folder.resolve(".y.npy.journal"), head + "done 0 4\ndone 4 5");
    try (Job job = job(graph, inputs, Optional.of(3), 1 << 20, 1)) {
      assertThrows(InputException.class, () -> job.begin(List.of("the same"), true));
      assertTrue(job.isWorthKeeping());
    }
    assertEquals(head + "done 0 4\n", Files.readString(folder.resolve(".y.npy.journal")));
  }

  /** A session that takes a few sequences at a time, or fails after some runs. */
  private static final class Few implements Session {
    private final Session session;
    private final int most;
    private final Throwable failure;
    private final int runs;
    private int refused;
    private int ran;

    Few(Session session, int most, Throwable failure, int runs) {
      this.session = session;
      this.most = most;
      this.failure = failure;
      this.runs = runs;
    }

    @Override
    public void run(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
      Tensor h = Objects.requireNonNull(outputs.get("h"));
      int axis = session.network().outputs().get(1).shape().dims().indexOf(Dim.symbol("batch"));
      if (h.dimension(axis) > most || ran == runs) {
        refused++;
        if (failure instanceof Error e) {
          throw e;
        }
        throw (RuntimeException) failure;
      }
      ran++;
      session.run(inputs, outputs);
    }

    @Override
    public Network network() {
      return session.network();
    }

    @Override
    public Device device() {
      return session.device();
    }

    @Override
    public String choice() {
      return session.choice();
    }

    @Override
    public void prepare(Map<String, Integer> sizes) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Map<String, Tensor> run(Map<String, Tensor> inputs) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Trace trace(Map<String, Tensor> inputs) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
  }

  private void run(
      Graph graph,
      Map<String, Tensor> inputs,
      Optional<Integer> most,
      long memory,
      List<Session> sessions) {
    told.clear();
    try (Job job = job(graph, inputs, most, memory, sessions.size())) {
      job.begin(List.of("the same"), false);
      job.run(sessions, listener());
    }
    assertEquals(SEQUENCES, told.get(told.size() - 1));
    assertNothingLeft();
  }

  private Job job(
      Graph graph, Map<String, Tensor> inputs, Optional<Integer> most, long memory, int devices) {
    Map<String, ArraySource> sources = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> sources.put(name, ArraySource.of(tensor)));
    return Job.padded(graph, sources, targets(), new Limits(memory, most, devices));
  }

  private Listener listener() {
    return new Listener() {
      @Override
      public void done(int sequences) {
        told.add(sequences);
      }

      @Override
      public void warn(String what) {
        warnings.add(what);
      }
    };
  }

  private List<Target> targets() {
    return OUTPUTS.stream()
        .map(name -> new Target(folder.resolve(name + ".npy"), List.of(name)))
        .toList();
  }

  private void assertOutputs(Map<String, Tensor> whole) {
    for (String name : OUTPUTS) {
      Tensor written = Npy.read(folder.resolve(name + ".npy"));
      assertArrayEquals(whole.get(name).shape(), written.shape(), name);
      assertEquals(whole.get(name).bytes(), written.bytes(), name);
    }
  }

  private void assertAlone(Map<String, Tensor> alone, int sequence, int row, int steps) {
    FloatBuffer y = Npy.read(folder.resolve("y.npy")).floats();
    assertEquals(alone.get("y").floats(), y.slice(row * HIDDEN, steps * HIDDEN));
    for (String state : List.of("h", "c")) {
      FloatBuffer all = Npy.read(folder.resolve(state + ".npy")).floats();
      assertEquals(alone.get(state).floats(), all.slice(sequence * HIDDEN, HIDDEN), state);
    }
  }

  private void assertNothingLeft() {
    try (Stream<Path> files = Files.list(folder)) {
      assertTrue(files.noneMatch(file -> file.getFileName().toString().startsWith(".")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Session open(Graph graph, String device) {
    return graph.open(new Options(device, 1));
  }

  private static Graph network(Layouts layouts, boolean lengths) {
    Random random = new Random(2);
    GraphBuilder builder = new GraphBuilder();
    boolean batchFirst = layouts.x() == Lstm.SequenceLayout.BATCH_MAJOR;
    Dim batch = Dim.symbol("batch");
    Dim time = Dim.symbol("time");
    Dim features = Dim.of(FEATURES);
    Value x =
        builder.input(
            "x",
            Tensor.Type.FLOAT32,
            batchFirst ? Shape.of(batch, time, features) : Shape.of(time, batch, features));
    Optional<Value> n =
        lengths
            ? Optional.of(
                builder.input("n", Tensor.Type.INT32, Shape.of(batch), Graph.Default.FULL_LENGTH))
            : Optional.empty();
    int rows = Cell.GATES * HIDDEN;
    Cell cell =
        Cell.of(
            Matrix.of(rows, FEATURES, normal(random, rows * FEATURES)),
            Matrix.of(rows, HIDDEN, normal(random, rows * HIDDEN)),
            Matrix.of(1, rows, normal(random, rows)));
    GraphBuilder.LstmOutputs lstm =
        builder.lstm(
            "lstm",
            layouts,
            List.of(new Lstm.Direction(lengths, cell)),
            x,
            n,
            Optional.empty(),
            Optional.empty());
    return builder
        .output("y", lstm.y())
        .output("h", lstm.finalH())
        .output("c", lstm.finalC())
        .build("test", "built here");
  }

  private static Map<String, Tensor> inputs(Graph graph, int sequences) {
    Random random = new Random(3);
    Map<String, Integer> sizes = Map.of("batch", sequences, "time", STEPS);
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    int[] shape = graph.inputs().get(0).shape().resolve(sizes);
    inputs.put("x", Tensor.of(normal(random, sequences * STEPS * FEATURES), shape));
    Set<String> lengths = Ragged.lengths(graph);
    lengths.forEach(
        name ->
            inputs.put(name, Tensor.of(random.ints(sequences, 0, STEPS + 1).toArray(), sequences)));
    return inputs;
  }

  private static Tensor alone(Layouts layouts, float[] x, int steps) {
    return layouts.x() == Lstm.SequenceLayout.BATCH_MAJOR
        ? Tensor.of(x, 1, steps, FEATURES)
        : Tensor.of(x, steps, 1, FEATURES);
  }

  private static float[] normal(Random random, int count) {
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] = (float) random.nextGaussian() / 2;
    }
    return values;
  }
}
