package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Options;
import dev.lethe.Tensor;
import dev.lethe.backend.GateTrace;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Peak;
import dev.lethe.backend.RunTimes;
import dev.lethe.backend.StateTable;
import dev.lethe.network.Graph;
import dev.lethe.network.LstmShape;
import dev.lethe.network.StreamingGraph;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** In which order {@code lethe bench} spends its time, on a device that computes nothing. */
class BenchRunnerTest {
  private static final List<LstmShape> SHAPES =
      List.of(LstmShape.parse("4x1x4x8"), LstmShape.parse("5x1x4x8"));

  private final List<String> done = new ArrayList<>();

  @Test
  void whatJavaCompilesTakesNoTimeFromTheFirstShape() {
    List<BenchResult> results = measure(0.2, SHAPES.subList(0, 1), 300);
    assertEquals(1, results.get(0).rows().size(), () -> results.get(0).gaps().toString());
  }

  @Test
  void thePeakIsSoughtOnceAndAfterTheFirstShape() {
    List<BenchResult> results = measure(0.4, SHAPES, 0);
    assertEquals(List.of("warm-up", "runs", "peak", "warm-up", "runs"), done);
    assertEquals(1, results.get(0).rows().size());
  }

  @Test
  void withoutATimeThereIsNoPeak() {
    List<BenchResult> results = measure(0, SHAPES.subList(0, 1), 0);
    assertTrue(results.get(0).rows().isEmpty());
    assertTrue(results.get(0).gaps().get(0).late());
    assertTrue(!done.contains("peak"), done::toString);
  }

  private List<BenchResult> measure(double seconds, List<LstmShape> shapes, long compiling) {
    BenchRunner runner =
        new BenchRunner(
            List.of(Options.defaults()),
            shapes.size(),
            seconds,
            count -> {},
            (graph, options) -> new Idle(graph, compiling));
    return BenchNetwork.of(shapes).stream().map(runner::measure).toList();
  }

  private void did(String what) {
    if (done.isEmpty() || !done.get(done.size() - 1).equals(what)) {
      done.add(what);
    }
  }

  /** Writes down what is asked of it. */
  private final class Idle extends GraphSession {
    private final long compiling;

    Idle(Graph graph, long compiling) {
      super(graph, new Device("cpu", Device.Kind.CPU, "idle", "", "", true), "the only one");
      this.compiling = compiling;
    }

    @Override
    public void warmUp() {
      did("warm-up");
      try {
        Thread.sleep(compiling);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    protected Optional<Peak> measurePeak(Duration most) {
      did("peak");
      return Optional.of(new Peak(1e15, "made up"));
    }

    @Override
    protected void allocate(Map<String, Integer> sizes) {}

    @Override
    protected void execute(
        Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
      did("runs");
    }

    @Override
    protected RunTimes executeTimed(
        Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
      did("runs");
      return new RunTimes(1, 1, 1, 0);
    }

    @Override
    protected void executeTraced(
        Map<String, Integer> sizes,
        Map<String, Tensor> given,
        Map<String, Tensor> wanted,
        List<GateTrace> gates) {
      throw new UnsupportedOperationException();
    }

    @Override
    protected StateTable openStates(StreamingGraph streaming, int capacity) {
      throw new UnsupportedOperationException();
    }

    @Override
    protected void release() {}
  }
}
