package dev.lethe.bench;

import dev.lethe.Options;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;
import java.util.Map;
import java.util.Random;
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
 * Some of many live sequences go on together: states in the device's memory, data in the host's.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"})
@NullUnmarked // The fields are set by JMH and in open().
public class LiveStreams {
  /** A device, as {@code lethe run -d} takes it. */
  @Param({"cpu"})
  public String device;

  /** Time steps a call, sequences that it continues, input size and hidden size: TxBxIxH. */
  @Param({"1x64x64x64"})
  public String shape;

  /** Sequences that live. */
  @Param({"10000"})
  public int capacity;

  private Stream stream;
  private int[] ids;
  private Map<String, Tensor> inputs;
  private Map<String, Tensor> outputs;

  /** Opens the stream, and says where it runs and how much memory the states take. */
  @Setup
  public void open() {
    LstmShape sizes = LstmShape.parse(shape);
    stream = sizes.network().openStream(capacity, Options.defaults().withDevice(device));
    System.out.println("# " + stream.choice());
    System.out.println("# states of " + capacity + " sequences: " + stream.stateBytes() + " bytes");
    ids = new Random(3).ints(0, capacity).distinct().limit(sizes.batch()).toArray();
    inputs = Map.of("x", sizes.input());
    outputs = stream.step(ids, inputs);
  }

  /** One call. */
  @Benchmark
  public Map<String, Tensor> step() {
    stream.step(ids, inputs, outputs);
    return outputs;
  }

  /** Gives the device back. */
  @TearDown
  public void close() {
    stream.close();
  }
}
