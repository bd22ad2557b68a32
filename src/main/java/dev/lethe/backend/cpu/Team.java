package dev.lethe.backend.cpu;

import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

/**
 * The threads that run a slice together, each for a share of the hidden units. Where a share takes
 * long, its blocks are dealt out: who is done with the own ones goes on with what others have not
 * begun yet, so that all need not wait for a thread that has lost its processor for a while.
 */
final class Team {
  /** From one counter to the next, so that no line of the cache has two of them. */
  private static final int APART = 32;

  private final StepBarrier barrier;

  /** How many of each member's things are taken, in this round and in the other, [2][members]. */
  private final AtomicIntegerArray taken;

  final List<Member> members;

  Team(int size) {
    barrier = new StepBarrier(size);
    taken = new AtomicIntegerArray(2 * size * APART);
    members = IntStream.range(0, size).mapToObj(k -> new Member(this, size, k)).toList();
  }

  /** For a new run; nobody is in one. */
  void reset() {
    barrier.reset();
    members.forEach(Member::reset);
  }

  /** Sends the others away: the calling thread has failed. */
  void breakUp() {
    barrier.breakUp();
  }

  /** One of the threads. Only {@link Team} and that thread call its methods. */
  static final class Member extends Apart {
    // copies, since the team is in a line of the cache with what others write
    private final StepBarrier barrier;
    private final AtomicIntegerArray taken;
    private final int size;
    private final int index;

    /** 0 or 1: which of the counters are in use. */
    private int round;

    // what is dealt out, how many at once, and who deals with whom
    private int things;
    private boolean upwards;
    private int atOnce;
    private boolean alone;

    // whose share this member takes from, and what it has taken last
    private int owner;
    private int first;
    private int end;

    private Member(Team team, int size, int index) {
      barrier = team.barrier;
      taken = team.taken;
      this.size = size;
      this.index = index;
    }

    private void reset() {
      round = 0;
      taken.set(counter(0, index), 0);
      taken.set(counter(1, index), 0);
    }

    /** Whether it is the one that does what only one has to do. */
    boolean leads() {
      return index == 0;
    }

    /** As {@link StepBarrier#await}. */
    void await() {
      barrier.await();
    }

    /** The first of this member's share of so many things. */
    int from(int count) {
      return share(count, index);
    }

    /** After the last of this member's share. */
    int to(int count) {
      return share(count, index + 1);
    }

    private int share(int count, int member) {
      return count * member / size;
    }

    /**
     * Begins to deal out things, here in the same way as all other members do. Between this and the
     * time before, all have been at {@link #await}.
     *
     * @param inOrder whether shares are taken from the first thing to the last, or from the last
     * @param most how many things at once; 0 if each member takes its share and no more
     */
    void deal(int count, boolean inOrder, int most) {
      things = count;
      upwards = inOrder;
      alone = size == 1 || most == 0;
      atOnce = most == 0 ? count : most;
      owner = index;
      round ^= 1;
      taken.setPlain(counter(round ^ 1, index), 0);
    }

    /**
     * Takes the next things, from {@link #first} to before {@link #end}.
     *
     * @return whether there were any
     */
    boolean take() {
      for (int tried = 0; tried < (alone ? 1 : size); tried++) {
        int low = share(things, owner);
        int high = share(things, owner + 1);
        int before = count(counter(round, owner));
        if (before < high - low) {
          first = upwards ? low + before : Math.max(low, high - before - atOnce);
          end = upwards ? Math.min(high, first + atOnce) : high - before;
          return true;
        }
        owner = (owner + 1) % size;
      }
      return false;
    }

    int first() {
      return first;
    }

    int end() {
      return end;
    }

    /** What is likely to be taken after {@code thing}; or that itself, if nothing is. */
    int after(int thing) {
      int next = upwards ? thing + 1 : thing - 1;
      return next >= share(things, owner) && next < share(things, owner + 1) ? next : thing;
    }

    /** How many had been taken before these. */
    private int count(int counter) {
      if (!alone) {
        return taken.getAndAdd(counter, atOnce);
      }
      int before = taken.getPlain(counter);
      taken.setPlain(counter, before + atOnce);
      return before;
    }

    private int counter(int which, int member) {
      return (which * size + member) * APART;
    }
  }
}
