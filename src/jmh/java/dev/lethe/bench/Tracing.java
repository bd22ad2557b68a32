package dev.lethe.bench;

import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.network.LstmShape;
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

/** What it costs to have all gates of every step beside the outputs. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@NullUnmarked // The fields are set by JMH and in open().
public class Tracing {
  /** A device, as {@code lethe run -d} takes it. */
  @Param({"cpu"})
  public String device;

  /** Time steps, batch, input size and hidden size: TxBxIxH. */
  @Param({"32x64x64x128"})
  public String shape;

  private Session session;
  private Map<String, Tensor> inputs;
  private Map<String, Tensor> outputs;

  /** Opens the session and says where it runs. */
  @Setup
  public void open() {
    LstmShape sizes = LstmShape.parse(shape);
    session = sizes.network().open(Options.defaults().withDevice(device));
    System.out.println("# " + session.choice());
    inputs = Map.of("x", sizes.input());
    outputs = session.run(inputs);
  }

  /** One run into tensors that are there. */
  @Benchmark
  public Map<String, Tensor> run() {
    session.run(inputs, outputs);
    return outputs;
  }

  /** One run into new tensors, as a trace has them: what tracing is to be held against. */
  @Benchmark
  public Map<String, Tensor> runIntoNewTensors() {
    return session.run(inputs);
  }

  /** One run that returns all gates, c and h of every step. */
  @Benchmark
  public Trace trace() {
    return session.trace(inputs);
  }

  /** Gives the device back. */
  @TearDown
  public void close() {
    session.close();
  }
}
