package dev.lethe.bench;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One batch through one forward layer, from host memory to host memory, every step's output
 * included.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@NullUnmarked // The fields are set by JMH and in open().
public class LstmInference {
  /** "lethe-" and a device, as in lethe-auto, lethe-cpu, lethe-cpu:scalar, lethe-opencl:0.0. */
  @Param({"lethe-cpu"})
  public String engine;

  /** Time steps, batch, input size and hidden size: TxBxIxH. */
  @Param({"32x1x64x64", "32x64x64x128", "128x16x128x256"})
  public String shape;

  private Session session;
  private Map<String, Tensor> inputs;
  private Map<String, Tensor> outputs;

  /**
   * Opens the session, says where it runs, and compares one run with the double-precision
   * reference.
   */
  @Setup
  public void open() {
    if (!engine.startsWith("lethe-")) {
      throw new IllegalArgumentException("engine must be lethe-DEVICE, not " + engine);
    }
    LstmShape sizes = LstmShape.parse(shape);
    Network network = sizes.network();
    inputs = Map.of("x", sizes.input());
    session = network.open(Options.defaults().withDevice(engine.substring("lethe-".length())));
    System.out.println("# " + session.choice());
    outputs = session.run(inputs);
    try (Session reference = network.open(Options.defaults().withDevice("cpu:scalar"))) {
      Outputs.check(reference.run(inputs), outputs);
    }
  }

  /** One run. */
  @Benchmark
  public Map<String, Tensor> run() {
    session.run(inputs, outputs);
    return outputs;
  }

  /** One run that returns all gates, c and h of every step. */
  @Benchmark
  public Trace trace() {
    return session.trace(inputs);
  }

  /** One run into new tensors, as a trace has them: what tracing is to be held against. */
  @Benchmark
  public Map<String, Tensor> runIntoNewTensors() {
    return session.run(inputs);
  }

  /** Gives the device back. */
  @TearDown
  public void close() {
    session.close();
  }
}
