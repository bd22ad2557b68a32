package dev.lethe.soak;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import dev.lethe.backend.opencl.LiveObjects;
import dev.lethe.io.ArraySource;
import dev.lethe.job.Job;
import dev.lethe.job.Limits;
import dev.lethe.job.Listener;
import dev.lethe.job.Target;
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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.IntConsumer;

/**
 * Runs and opens a network over and over, and looks at what the process holds on the way: resident
 * memory, Java's heap, OpenCL objects, threads. Started by ci/soak; exit code 1 when something
 * grows.
 */
final class Soak {
  private static final int SAMPLES = 50;
  private static final int FEATURES = 3;
  private static final int HIDDEN = 19;
  private static final int[][] SIZES = {{4, 8}, {7, 5}, {1, 11}};

  private final Graph graph = network();
  private final Options options;
  private final List<Phase> phases = new ArrayList<>();

  private Soak(String device) {
    this.options = new Options(device, 2);
  }

  /**
   * Arguments: the JSON to write, how many runs, how many openings, MiB by which memory may grow
   * between the second and the last quarter, devices.
   */
  public static void main(String[] args) throws IOException {
    Path json = Path.of(args[0]);
    int runs = Integer.parseInt(args[1]);
    int cycles = Integer.parseInt(args[2]);
    List<Phase> phases = new ArrayList<>();
    for (String device : Arrays.asList(args).subList(4, args.length)) {
      Soak soak = new Soak(device);
      soak.runs(runs);
      soak.cycles(cycles);
      phases.addAll(soak.phases);
    }
    SoakReport report = new SoakReport(phases);
    report.write(json);
    report.draw(Path.of(json.toString().replaceFirst("\\.json$", "") + ".png"));
    System.exit(report.judge(System.out, Double.parseDouble(args[3])) ? 0 : 1);
  }

  private void runs(int count) {
    try (Session session = graph.open(options)) {
      watch(session.device().name(), "runs", count, k -> run(session, k));
    }
  }

  private void cycles(int count) throws IOException {
    Path folder = Files.createTempDirectory("soak");
    String name;
    try (Session session = graph.open(options)) {
      name = session.device().name();
    }
    watch(name, "openings", count, k -> cycle(folder, k));
    try (java.util.stream.Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private void watch(String name, String what, int count, IntConsumer work) {
    List<Sample> samples = new ArrayList<>();
    long start = System.nanoTime();
    for (int k = 0; k <= count; k++) {
      if ((long) k * SAMPLES / count != (long) (k - 1) * SAMPLES / count || k == 0) {
        samples.add(Sample.take(k, (System.nanoTime() - start) / 1e9));
      }
      if (k < count) {
        work.accept(k);
      }
    }
    phases.add(new Phase(options.device(), name, what, samples));
    System.err.println(options.device() + ", " + count + " " + what + " done");
  }

  /** Sizes change with every run; one in fifty is traced. */
  private static void run(Session session, int k) {
    Map<String, Tensor> inputs = inputs(k);
    if (k % 50 == 0) {
      session.trace(inputs);
    } else {
      session.run(inputs);
    }
  }

  /** A session, and now and then a stream, a job over two sessions, a refused run. */
  private void cycle(Path folder, int k) {
    try (Session session = graph.open(options)) {
      run(session, 50 * k); // traced
      run(session, 50 * k + 1);
      if (k % 7 == 0) {
        refuse(session);
      }
      if (k % 5 == 0) {
        job(folder, session);
      }
    }
    if (k % 2 == 0) {
      try (Stream stream = graph.openStream(16, options)) {
        Tensor x = Tensor.of(new float[2 * 3 * FEATURES], 2, 3, FEATURES);
        stream.step(new int[] {11, 4}, Map.of("x", x));
        stream.fork(4, 5);
        stream.reset(11);
      }
    }
  }

  private static void refuse(Session session) {
    try {
      session.run(Map.of("x", Tensor.of(new float[FEATURES], FEATURES)));
    } catch (InputException e) {
      return;
    }
    throw new IllegalStateException("an input of the wrong shape was taken");
  }

  private void job(Path folder, Session session) {
    Map<String, ArraySource> sources = Map.of("x", ArraySource.of(inputs(0).get("x")));
    List<Target> targets = List.of(new Target(folder.resolve("y.npy"), List.of("y")));
    try (Session second = graph.open(options);
        Job job = Job.padded(graph, sources, targets, new Limits(1 << 20, Optional.of(2), 2))) {
      job.begin(List.of(), false);
      job.run(List.of(session, second), new Quiet());
    }
  }

  private record Quiet() implements Listener {
    @Override
    public void done(int sequences) {}

    @Override
    public void warn(String what) {
      throw new IllegalStateException(what);
    }
  }

  private static Map<String, Tensor> inputs(int k) {
    int[] size = SIZES[k % SIZES.length];
    return Map.of("x", normal(new Random(k), size[0], size[1], FEATURES));
  }

  /** x [batch, time, FEATURES], optional lengths; y of two layers. */
  private static Graph network() {
    Random random = new Random(1);
    GraphBuilder g = new GraphBuilder();
    Dim batch = Dim.symbol("batch");
    Shape shape = Shape.of(batch, Dim.symbol("time"), Dim.of(FEATURES));
    Value x = g.input("x", Tensor.Type.FLOAT32, shape);
    Optional<Value> n =
        Optional.of(g.input("n", Tensor.Type.INT32, Shape.of(batch), Graph.Default.FULL_LENGTH));
    Value below = layer(g, cell(random, FEATURES), x, n);
    return g.output("y", layer(g, cell(random, HIDDEN), below, n)).build("soak", "made by hand");
  }

  private static Value layer(GraphBuilder g, Cell cell, Value x, Optional<Value> n) {
    List<Lstm.Direction> forward = List.of(new Lstm.Direction(false, cell));
    return g.lstm(
            "lstm",
            GraphBuilder.Layouts.BATCH_FIRST,
            forward,
            x,
            n,
            Optional.empty(),
            Optional.empty())
        .y();
  }

  private static Cell cell(Random random, int input) {
    int rows = Cell.GATES * HIDDEN;
    return Cell.of(
        matrix(random, rows, input), matrix(random, rows, HIDDEN), matrix(random, 1, rows));
  }

  private static Matrix matrix(Random random, int rows, int columns) {
    return Matrix.of(rows, columns, normal(random, rows, columns).toFloatArray());
  }

  private static Tensor normal(Random random, int... shape) {
    Tensor tensor = Tensor.allocate(Tensor.Type.FLOAT32, shape);
    for (int k = 0; k < tensor.size(); k++) {
      tensor.floats().put(k, (float) random.nextGaussian() / 4);
    }
    return tensor;
  }

  /** One kind of work on one device. */
  record Phase(String device, String name, String what, List<Sample> samples) {}

  /**
   * What the process held at one time.
   *
   * @param done runs or openings so far
   * @param seconds since the phase began
   * @param resident MiB of memory, /proc/self/status
   * @param heap MiB of Java's, after a collection
   * @param objects of OpenCL that are not released
   * @param threads of Java
   */
  record Sample(int done, double seconds, double resident, double heap, int objects, int threads) {
    static Sample take(int done, double seconds) {
      // the second collection frees what cleaners let go of after the first
      for (int k = 0; k < 2; k++) {
        System.gc();
        pause();
      }
      Runtime runtime = Runtime.getRuntime();
      return new Sample(
          done,
          seconds,
          status("VmRSS:") / 1024.0,
          (runtime.totalMemory() - runtime.freeMemory()) / (double) (1 << 20),
          LiveObjects.openCl(),
          (int) Thread.getAllStackTraces().keySet().stream().filter(Sample::counts).count());
    }

    /** Not that of a tool which looks at this process (jstack, jcmd). */
    private static boolean counts(Thread thread) {
      return !thread.getName().equals("Attach Listener");
    }

    private static void pause() {
      try {
        Thread.sleep(20);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    private static long status(String key) {
      try {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
          if (line.startsWith(key)) {
            return Long.parseLong(line.replaceAll("\\D", ""));
          }
        }
      } catch (IOException e) {
        throw new IllegalStateException("this system does not tell a process's memory", e);
      }
      throw new IllegalStateException("no " + key + " in /proc/self/status");
    }
  }
}
