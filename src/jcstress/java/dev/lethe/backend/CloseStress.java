package dev.lethe.backend;

import dev.lethe.Device;
import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.StreamingGraph;
import java.util.List;
import java.util.Map;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** A session's close beside a run, and beside another close. */
public final class CloseStress {
  private static final Graph GRAPH = graph();
  private static final Device DEVICE =
      new Device("stub", Device.Kind.CPU, "stub", "writes down what it is asked", "", true);
  private static final Map<String, Tensor> INPUTS =
      Map.of("x", Tensor.of(new float[] {1, 2, 3}, 3));

  private CloseStress() {}

  private static Graph graph() {
    GraphBuilder g = new GraphBuilder();
    g.output("x", g.input("x", Tensor.Type.FLOAT32, Shape.of(Dim.symbol("batch"))));
    return g.build("stub", "none");
  }

  /** One runs it, the other closes it. */
  @JCStressTest
  @State
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "ran, then was freed")
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "was freed, and refused to run")
  public static class Running {
    private final Freed session = new Freed();

    /** 1 if it ran, 0 if it was refused, 2 if it ran on what had been freed. */
    @Actor
    public void run(II_Result result) {
      try {
        session.run(INPUTS, Map.of());
        result.r1 = session.ran;
      } catch (IllegalStateException e) {
        result.r1 = 0;
      }
    }

    /** How often it is freed. */
    @Actor
    public void close(II_Result result) {
      session.close();
      result.r2 = session.released;
    }
  }

  /** Both close it: once they are back, it is freed. */
  @JCStressTest
  @State
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "was freed once")
  public static class Closing {
    private final Freed session = new Freed();

    /** How often it is freed. */
    @Actor
    public void close(II_Result result) {
      session.close();
      result.r1 = session.released;
    }

    /** Likewise. */
    @Actor
    public void closeToo(II_Result result) {
      session.close();
      result.r2 = session.released;
    }
  }

  /** Fields without synchronization of their own: the session's lock must do. */
  private static final class Freed extends GraphSession {
    int ran;
    int released;

    Freed() {
      super(GRAPH, DEVICE, "");
    }

    @Override
    protected void allocate(Map<String, Integer> sizes) {}

    @Override
    protected void execute(
        Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
      ran = released == 0 ? 1 : 2;
    }

    @Override
    protected RunTimes executeTimed(
        Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
      throw new UnsupportedOperationException();
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
    protected void release() {
      released++;
    }
  }
}
