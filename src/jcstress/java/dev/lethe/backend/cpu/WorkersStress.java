package dev.lethe.backend.cpu;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;

/** What is handed to a session's threads, and what they hand back. */
public final class WorkersStress {
  // one for all states: each has threads
  private static final Workers WORKERS = new Workers(2);

  private WorkersStress() {}

  /** Two callers in turn: each task runs once, sees what its caller wrote, and is seen by it. */
  @JCStressTest
  @State
  @Outcome(id = "11, 21, 12, 22", expect = Expect.ACCEPTABLE, desc = "each its own, once")
  public static class InTurn {
    /** One caller. */
    @Actor
    public void first(IIII_Result result) {
      int[] sums = run(10, false);
      result.r1 = sums[0];
      result.r3 = sums[1];
    }

    /** The other, whose tasks run at the same time. */
    @Actor
    public void second(IIII_Result result) {
      int[] sums = run(20, true);
      result.r2 = sums[0];
      result.r4 = sums[1];
    }

    private static int[] run(int base, boolean together) {
      synchronized (WORKERS) {
        int[] sums = {base, base};
        if (together) {
          WORKERS.runTogether(2, k -> sums[k] += k + 1);
        } else {
          WORKERS.run(2, k -> sums[k] += k + 1);
        }
        return sums;
      }
    }
  }
}
