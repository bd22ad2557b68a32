package dev.lethe.job;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.DeviceException;
import dev.lethe.Dim;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.backend.opencl.FaultLayer;
import dev.lethe.io.ArraySource;
import dev.lethe.io.Npy;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jobs whose devices vanish or are full, whose thread is interrupted, whose session is closed. */
class JobFaultsTest {
  private static final int FEATURES = 3;
  private static final int HIDDEN = 32;
  private static final int SEQUENCES = 90;
  private static final int STEPS = 7;

  @TempDir Path folder;
  private final Graph graph = network();
  private final Tensor x = normal(new Random(3), SEQUENCES, STEPS, FEATURES);
  private final List<String> warnings = new ArrayList<>();
  private Runnable afterChunk = () -> {};

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void aDeviceThatVanishesMidRunLosesNothing(int launch) throws IOException {
    FaultLayer layer = FaultLayer.orSkip();
    try (Session first = open("opencl:0.0");
        Session second = open("opencl:0.1")) {
      Tensor expected = y(first);
      layer.lose("clEnqueueNDRangeKernel", launch, FaultLayer.NOT_AVAILABLE, 2);
      run(List.of(second, first), 4);
      assertTrue(layer.provoked() > 0);
      assertEquals(1, warnings.size(), warnings.toString());
      String warning = warnings.get(0);
      assertTrue(
          warning.startsWith("opencl:0.1 is dropped, others redo its work: device opencl:0.1 ("),
          warning);
      assertTrue(warning.contains("CL_DEVICE_NOT_AVAILABLE"), warning);
      assertEquals(expected.bytes(), written().bytes());
      // it stays lost, which ends a job that has no other
      assertThrows(DeviceException.class, () -> run(List.of(second), 4));
      assertEquals(List.of("y.npy"), names());
      layer.reset();
      try (Session again = open("opencl:0.1")) {
        assertEquals(expected.bytes(), y(again).bytes());
      }
    } finally {
      layer.reset();
    }
    layer.assertClean("after all");
  }

  /** On a device that says so at once, and on one that says so when memory is first used. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatADeviceHasNoRoomForGoesInPieces(boolean lazily) throws IOException {
    FaultLayer layer = FaultLayer.orSkip();
    Tensor expected;
    try (Session roomy = open("opencl:0.0")) {
      expected = y(roomy);
    }
    try (Session session = open("opencl:0.0")) {
      layer.room(200, lazily);
      DeviceException e = assertThrows(DeviceException.class, () -> y(session));
      assertTrue(e.isOutOfMemory(), e.getMessage());
      run(List.of(session), SEQUENCES);
      assertTrue(layer.provoked() > 1);
      assertEquals(expected.bytes(), written().bytes());
      assertEquals(List.of(), warnings);
      Files.delete(folder.resolve("y.npy"));
      layer.room(1, lazily);
      DeviceException none =
          assertThrows(DeviceException.class, () -> run(List.of(session), SEQUENCES));
      assertTrue(none.getMessage().contains("CL_MEM_OBJECT_ALLOCATION_FAILURE"), none.getMessage());
      assertEquals(List.of(), names());
      layer.reset();
      assertEquals(expected.bytes(), y(session).bytes());
    } finally {
      layer.reset();
    }
    layer.assertClean("after all");
  }

  @Test
  void anInterruptedJobEndsAndCanBeGoneOnWith() throws IOException {
    try (Session session = open("cpu")) {
      Tensor expected = y(session);
      Thread caller = Thread.currentThread();
      AtomicBoolean over = new AtomicBoolean();
      AtomicInteger late = new AtomicInteger();
      afterChunk = () -> interruptOrCount(caller, over, late);
      Listener listener = listener();
      try (Job job = job(2)) {
        job.begin(List.of("the same"), false);
        CancellationException e =
            assertThrows(CancellationException.class, () -> job.run(List.of(session), listener));
        over.set(true);
        assertTrue(e.getMessage().contains("interrupted"), e.getMessage());
        assertTrue(Thread.interrupted(), "the interrupt is the caller's to see");
      }
      goesOn(session, expected);
      assertEquals(0, late.get(), "its threads went on");
    } finally {
      Thread.interrupted();
    }
  }

  private static void interruptOrCount(Thread caller, AtomicBoolean over, AtomicInteger late) {
    if (over.get()) {
      late.incrementAndGet();
    } else {
      caller.interrupt();
    }
  }

  /** Where all is computed and a thread forces its files to the disk, an interrupt closes them. */
  @Test
  void anInterruptAtTheEndIsToldAsOne() throws IOException {
    try (Session session = open("cpu")) {
      Tensor expected = y(session);
      afterChunk = Thread.currentThread()::interrupt;
      try (Job job = job(SEQUENCES)) {
        job.begin(List.of("the same"), false);
        assertThrows(CancellationException.class, () -> job.run(List.of(session), listener()));
        assertTrue(Thread.interrupted());
      }
      afterChunk = () -> {};
      run(List.of(session), SEQUENCES);
      assertEquals(expected.bytes(), written().bytes());
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  void aJobWhoseSessionIsClosedCanBeGoneOnWith() throws IOException {
    Tensor expected;
    try (Session session = open("cpu")) {
      expected = y(session);
      afterChunk = session::close;
      try (Job job = job(2)) {
        job.begin(List.of("the same"), false);
        assertThrows(IllegalStateException.class, () -> job.run(List.of(session), listener()));
      }
    }
    try (Session session = open("cpu")) {
      goesOn(session, expected);
    }
  }

  private void goesOn(Session session, Tensor expected) throws IOException {
    afterChunk = () -> {};
    try (Job job = job(3)) {
      int before = job.begin(List.of("the same"), true);
      assertTrue(before > 0 && before < SEQUENCES, before + " sequences were done");
      job.run(List.of(session), listener());
    }
    assertEquals(expected.bytes(), written().bytes());
    assertEquals(List.of("y.npy"), names());
  }

  private void run(List<Session> sessions, int most) {
    try (Job job = job(most)) {
      job.begin(List.of("the same"), false);
      job.run(sessions, listener());
    }
  }

  private Job job(int most) {
    return Job.padded(
        graph,
        Map.of("x", ArraySource.of(x)),
        List.of(new Target(folder.resolve("y.npy"), List.of("y"))),
        new Limits(1 << 24, Optional.of(most), 2));
  }

  private Listener listener() {
    Runnable then = afterChunk;
    return new Listener() {
      @Override
      public void done(int sequences) {
        then.run();
      }

      @Override
      public void warn(String what) {
        warnings.add(what);
      }
    };
  }

  private Session open(String device) {
    return graph.open(new Options(device, 1));
  }

  private Tensor y(Session session) {
    return Objects.requireNonNull(session.run(Map.of("x", x)).get("y"));
  }

  private Tensor written() {
    return Npy.read(folder.resolve("y.npy"));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static Graph network() {
    Random random = new Random(2);
    GraphBuilder builder = new GraphBuilder();
    Shape shape = Shape.of(Dim.symbol("batch"), Dim.symbol("time"), Dim.of(FEATURES));
    Value x = builder.input("x", Tensor.Type.FLOAT32, shape);
    int rows = Cell.GATES * HIDDEN;
    Cell cell =
        Cell.of(
            Matrix.of(rows, FEATURES, normal(random, rows, FEATURES).toFloatArray()),
            Matrix.of(rows, HIDDEN, normal(random, rows, HIDDEN).toFloatArray()),
            Matrix.of(1, rows, normal(random, rows).toFloatArray()));
    GraphBuilder.LstmOutputs lstm =
        builder.lstm(
            "lstm",
            GraphBuilder.Layouts.BATCH_FIRST,
            List.of(new Lstm.Direction(false, cell)),
            x,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    return builder.output("y", lstm.y()).build("test", "built here");
  }

  private static Tensor normal(Random random, int... shape) {
    Tensor tensor = Tensor.allocate(Tensor.Type.FLOAT32, shape);
    for (int k = 0; k < tensor.size(); k++) {
      tensor.floats().put(k, (float) random.nextGaussian() / 4);
    }
    return tensor;
  }
}
