package dev.lethe.backend.cpu;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** What the threads of a layer see of each other at the barrier between two time steps. */
public final class StepBarrierStress {
  private StepBarrierStress() {}

  /** Two steps; what each wrote in one, the other sees in the next, and nothing later than that. */
  @JCStressTest
  @State
  @Outcome(id = "1, 1, 2, 2", expect = Expect.ACCEPTABLE, desc = "each step's own")
  public static class Meeting {
    private final StepBarrier barrier = new StepBarrier(2);
    private int x;
    private int y;

    /** Writes x, reads y. */
    @Actor
    public void first(IIII_Result result) {
      x = 1;
      barrier.await();
      result.r1 = y;
      barrier.await();
      x = 2;
      barrier.await();
      result.r3 = y;
    }

    /** Writes y, reads x. */
    @Actor
    public void second(IIII_Result result) {
      y = 1;
      barrier.await();
      result.r2 = x;
      barrier.await();
      y = 2;
      barrier.await();
      result.r4 = x;
    }
  }

  /** Who waits for a thread that fails is sent away. */
  @JCStressTest
  @State
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "sent away")
  public static class Failing {
    private final StepBarrier barrier = new StepBarrier(2);

    /** Never comes. */
    @Actor
    public void fails() {
      barrier.breakUp();
    }

    /** Waits for it. */
    @Actor
    public void waits(I_Result result) {
      try {
        barrier.await();
      } catch (IllegalStateException e) {
        result.r1 = 1;
      }
    }
  }
}
