package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.DeviceException;
import dev.lethe.Dim;
import dev.lethe.InputException;
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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an OpenCL session holds, and what it leaves behind when something fails. */
class OpenClSessionTest {
  private static final Options OPENCL = Options.defaults().withDevice("opencl");
  private int before;

  @BeforeEach
  void count() {
    assumeTrue(!Discovery.run().found().isEmpty(), "no OpenCL device");
    before = Handles.live();
  }

  @AfterEach
  void nothingIsLeft() {
    assertEquals(before, Handles.live(), "OpenCL objects that nobody released");
  }

  @Test
  void sizesMayGrowAndShrink() {
    Graph graph = graph(5);
    try (Session session = graph.open(OPENCL)) {
      float[] first = run(session, 3, 4);
      run(session, 9, 7);
      int live = Handles.live();
      assertArrayEquals(first, run(session, 3, 4));
      run(session, 9, 7);
      assertEquals(live, Handles.live(), "a run of former sizes made new objects");
    }
  }

  @Test
  void closesTwiceAndRefusesToRunThen() {
    Session session = graph(5).open(OPENCL);
    session.close();
    session.close();
    assertThrows(IllegalStateException.class, () -> run(session, 1, 1));
  }

  @Test
  void badInputLeavesTheSessionUsable() {
    try (Session session = graph(5).open(OPENCL)) {
      float[] good = run(session, 2, 3);
      Tensor wrong = Tensor.allocate(Tensor.Type.FLOAT32, 2, 3, 4);
      assertThrows(InputException.class, () -> session.run(Map.of("x", wrong)));
      assertArrayEquals(good, run(session, 2, 3));
    }
  }

  @Test
  void aKernelThatDoesNotCompileFailsWithItsFirstError(@TempDir Path folder) {
    try (Context context = Context.open(Discovery.run().found().get(0));
        Programs programs = new Programs(context, new ProgramCache(folder))) {
      DeviceException e =
          assertThrows(
              DeviceException.class,
              () -> programs.kernel("product.cl", "product", "-DLM=4 -DLN=4 -DRM=4 -DRN=4"));
      assertTrue(e.getMessage().contains("product.cl does not compile"), e.getMessage());
      assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    }
  }

  @Test
  void whatAFailedOpeningMadeGoesWithItsContext(@TempDir Path folder) {
    try (Context context = Context.open(Discovery.run().found().get(0));
        Programs programs = new Programs(context, new ProgramCache(folder))) {
      context.allocate("weights", 100);
      programs.kernel("lstm_begin.cl", "lstm_begin", "");
    }
    assertEquals(before, Handles.live());
  }

  @Test
  void moreThanTheDeviceHoldsIsRefusedWithANumber() {
    try (Context context = Context.open(Discovery.run().found().get(0))) {
      long most = context.facts().allocationBytes();
      DeviceException e =
          assertThrows(DeviceException.class, () -> context.allocate("a table", most + 1));
      assertTrue(e.getMessage().contains("a table needs " + (most + 1) + " bytes"), e.getMessage());
    }
  }

  /** A session that meets with it goes on, so what was made by then cannot wait for its end. */
  @Test
  void anOrderForWhichThereIsNoRoomLeavesNothing() {
    Discovery.Found found = Discovery.run().found().get(0);
    int steps = 1000;
    int sequences = 10;
    long most = 2L * Integer.BYTES * steps * sequences - 1;
    try (Context context = Context.open(limited(found, most))) {
      int live = Handles.live();
      assertThrows(
          DeviceException.class, () -> new RunOrder(context, RunOrder.FULL, steps, sequences));
      assertEquals(live, Handles.live());
      new RunOrder(context, RunOrder.FULL, steps - 1, sequences).close();
      assertEquals(live, Handles.live());
    }
  }

  /** The same device with a smaller limit for a buffer. */
  private static Discovery.Found limited(Discovery.Found found, long allocationBytes) {
    DeviceFacts f = found.facts();
    DeviceFacts facts =
        new DeviceFacts(
            f.name(),
            f.platform(),
            f.vendor(),
            f.version(),
            f.driver(),
            f.cpu(),
            f.computeUnits(),
            f.workGroupSize(),
            f.localBytes(),
            f.globalBytes(),
            allocationBytes,
            f.registers(),
            f.computeCapability());
    return new Discovery.Found(found.device(), facts, found.platform(), found.id());
  }

  @Test
  void binariesFromTheCacheGiveTheSameBits(@TempDir Path folder) {
    Graph graph = graph(6);
    Discovery.Found found = Discovery.run().found().get(0);
    OpenClPlan plan = OpenClPlan.of(found.facts());
    ProgramCache cache = new ProgramCache(folder);
    float[] compiled;
    try (Session session = OpenClSession.open(graph, found, plan, cache, "")) {
      compiled = run(session, 4, 5);
    }
    try (Session session = OpenClSession.open(graph, found, plan, cache, "")) {
      assertArrayEquals(compiled, run(session, 4, 5));
    }
  }

  /** Damaged files, and whole ones of what no compiler made. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whatIsNoProgramIsCompiledAnewAndReplaced(boolean sound, @TempDir Path folder)
      throws IOException {
    Graph graph = graph(6);
    Discovery.Found found = Discovery.run().found().get(0);
    boolean trusting = found.facts().platform().contains("rusticl");
    assumeTrue(!sound || !trusting, "a driver that ends the process on what is no program");
    OpenClPlan plan = OpenClPlan.of(found.facts());
    ProgramCache cache = new ProgramCache(folder);
    float[] compiled;
    try (Session session = OpenClSession.open(graph, found, plan, cache, "")) {
      compiled = run(session, 4, 5);
    }
    List<Path> files = files(folder);
    byte[] noise = new byte[3000];
    new Random(9).nextBytes(noise);
    for (Path file : files) {
      if (sound) {
        cache.store(file.getFileName().toString().replace(".clbin", ""), noise);
      } else {
        Files.write(file, noise);
      }
    }
    try (Session session = OpenClSession.open(graph, found, plan, cache, "")) {
      assertArrayEquals(compiled, run(session, 4, 5));
    }
    assertEquals(files, files(folder));
    for (Path file : files) {
      assertFalse(Arrays.equals(noise, 0, 100, Files.readAllBytes(file), 64, 164), file.toString());
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private static float[] run(Session session, int batch, int steps) {
    float[] x = new float[batch * steps * 3];
    Random random = new Random(5);
    for (int k = 0; k < x.length; k++) {
      x[k] = (float) random.nextGaussian();
    }
    Map<String, Tensor> outputs = session.run(Map.of("x", Tensor.of(x, batch, steps, 3)));
    return Objects.requireNonNull(outputs.get("y")).toFloatArray();
  }

  /** Input x [batch, time, 3], output y [batch, time, hidden]. */
  static Graph graph(int hidden) {
    Random random = new Random(hidden);
    GraphBuilder builder = new GraphBuilder();
    Shape shape = Shape.of(Dim.symbol("batch"), Dim.symbol("time"), Dim.of(3));
    Value x = builder.input("x", Tensor.Type.FLOAT32, shape);
    Cell cell =
        Cell.of(
            matrix(random, 4 * hidden, 3),
            matrix(random, 4 * hidden, hidden),
            matrix(random, 1, 4 * hidden));
    GraphBuilder.LstmOutputs outputs =
        builder.lstm(
            "lstm",
            GraphBuilder.Layouts.BATCH_FIRST,
            List.of(new Lstm.Direction(false, cell)),
            x,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    return builder.output("y", outputs.y()).build("test", "test");
  }

  private static Matrix matrix(Random random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int k = 0; k < values.length; k++) {
      values[k] = random.nextFloat() - 0.5f;
    }
    return Matrix.of(rows, columns, values);
  }
}
