package dev.lethe.bench;

import dev.lethe.network.LstmShape;
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
 * One batch through an LSTM, from host memory to host memory, every step's output included. Each
 * engine runs in a process of its own.
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
  /**
   * "lethe-" and a device, as in lethe-auto, lethe-cpu, lethe-cpu:scalar, lethe-opencl:0.0; or a
   * peer: onnxruntime, onednn, pytorch.
   */
  @Param({"lethe-cpu"})
  public String engine;

  /** Time steps, batch, input size, hidden size: TxBxIxH; layers and directions: TxBxIxHxLxD. */
  @Param({"32x1x64x64", "32x64x64x128", "128x16x128x256"})
  public String shape;

  /** Threads on the CPU; 0 for one per processor. */
  @Param({"0"})
  public int threads;

  private Engine opened;

  /**
   * Opens the engine, says what it is, and compares one run with the double-precision reference.
   */
  @Setup
  public void open() {
    LstmShape sizes = LstmShape.parse(shape);
    opened = Engine.open(engine, sizes, threads);
    System.out.println("# " + opened.description());
    opened.run();
    Outputs.check(sizes, opened.y(), Engine.precision(engine));
  }

  /** One run. */
  @Benchmark
  public void run() {
    opened.run();
  }

  /** Gives the device back. */
  @TearDown
  public void close() {
    opened.close();
  }
}
