package dev.lethe.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where the threads that share the hidden units of a slice meet after each time step. A step takes
 * microseconds, so they spin, and give way to other threads when that lasts.
 */
final class StepBarrier {
  private static final int SPINS = 2000;

  private final int parties;
  private final AtomicInteger arrived = new AtomicInteger();
  private volatile int generation;
  private volatile boolean broken;

  StepBarrier(int parties) {
    this.parties = parties;
  }

  int parties() {
    return parties;
  }

  /**
   * Returns when all have come; what each wrote before, all see after.
   *
   * @throws IllegalStateException when one of them never will
   */
  @SuppressWarnings("ThreadPriorityCheck") // yield is for speed where threads outnumber processors
  void await() {
    if (parties == 1) {
      return;
    }
    int mine = generation;
    if (arrived.incrementAndGet() == parties) {
      arrived.set(0);
      generation = mine + 1;
      return;
    }
    for (int spin = 0; generation == mine; spin++) {
      if (broken) {
        throw new IllegalStateException("another thread of this layer failed");
      }
      if (spin < SPINS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
    }
  }

  /** Sends the others away: the calling thread has failed. */
  void breakUp() {
    broken = true;
  }

  /** For a new run; nobody is waiting. */
  void reset() {
    arrived.set(0);
    broken = false;
  }
}
