package dev.lethe.backend.cpu;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** What the threads of a layer take of what is dealt out among them. */
public final class TeamStress {
  private TeamStress() {}

  /** Three rounds, in which each thing is taken by exactly one of two threads. */
  @JCStressTest
  @State
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "each thing once in each round")
  public static class Dealing {
    private static final int THINGS = 5;
    private static final int ROUNDS = 3;

    private final Team team = new Team(2);
    private int first;
    private int second;

    /** One of the threads. */
    @Actor
    public void first() {
      first = taken(team.members.get(0));
    }

    /** The other. */
    @Actor
    public void second() {
      second = taken(team.members.get(1));
    }

    /** Compares. */
    @Arbiter
    public void compare(I_Result result) {
      int all = (1 << THINGS * ROUNDS) - 1;
      result.r1 = (first & second) == 0 && (first | second) == all ? 1 : 0;
    }

    /** A bit for each thing in each round. */
    private static int taken(Team.Member member) {
      int taken = 0;
      for (int round = 0; round < ROUNDS; round++) {
        member.deal(THINGS, round % 2 == 0, 1);
        while (member.take()) {
          taken |= 1 << round * THINGS + member.first();
        }
        member.await();
      }
      return taken;
    }
  }
}
