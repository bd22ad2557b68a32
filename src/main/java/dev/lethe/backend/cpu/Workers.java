package dev.lethe.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/**
 * A session's own daemon threads. The caller works too, so {@code threads} is one more than there
 * are threads here.
 *
 * <p>Who waits spins for a while first: to be woken up takes as long as a small layer, and the next
 * layer, or the next run, often comes at once.
 *
 * <p>Threads: {@link #run} from one thread at a time.
 */
final class Workers implements AutoCloseable {
  /** Some 50 microseconds. */
  private static final int SPINS = 4000;

  private static final Throwable NONE = new Throwable("no failure", null, false, false) {};

  private final int threads;
  private final Object lock = new Object();

  /**
   * What is to be done now: in the upper half its number; in the lower how many tasks it has, times
   * 2, and 1 where these run at the same time. A worker may miss jobs that others finish.
   */
  private volatile long job;

  /** In the upper half the number of the job; in the lower how many tasks nobody has taken yet. */
  private final AtomicLong untaken = new AtomicLong();

  /** Tasks that are not done. */
  private final AtomicInteger left = new AtomicInteger();

  // of the job: read by who has a task of it, which keeps it from ending
  private IntConsumer task = k -> {};
  private Throwable failure = NONE;
  private volatile boolean closed;

  /** Starts them. */
  Workers(int threads) {
    this.threads = threads;
    for (int k = 1; k < threads; k++) {
      int index = k;
      Thread thread = new Thread(() -> serve(index), "lethe-cpu-" + k);
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** How many tasks run at a time. */
  int threads() {
    return threads;
  }

  /** Runs {@code work} for 0 to count-1 and returns when all are done. */
  void run(int count, IntConsumer work) {
    if (threads == 1 || count == 1) {
      for (int k = 0; k < count; k++) {
        work.accept(k);
      }
      return;
    }
    start(count, work, false);
    drain(job);
    await();
  }

  /**
   * Runs {@code work} for 0 to count-1, all at the same time, so that they may wait for each other.
   *
   * @param count at most {@link #threads}
   */
  void runTogether(int count, IntConsumer work) {
    if (count > threads) {
      throw new IllegalArgumentException(count + " tasks at a time on " + threads + " threads");
    }
    start(count, work, true);
    one(0);
    await();
  }

  private void start(int count, IntConsumer work, boolean together) {
    long number = (job >>> 32) + 1 << 32;
    task = work;
    failure = NONE;
    left.set(count);
    untaken.set(number | count);
    synchronized (lock) {
      job = number | 2L * count | (together ? 1 : 0);
      lock.notifyAll();
    }
  }

  private void await() {
    for (int spin = 0; spin < SPINS && left.get() > 0; spin++) {
      Thread.onSpinWait();
    }
    boolean interrupted = false;
    synchronized (lock) {
      while (left.get() > 0) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      task = k -> {};
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure != NONE) {
      throw new IllegalStateException("a worker thread failed", failure);
    }
  }

  private void serve(int index) {
    long seen = 0;
    while (true) {
      for (int spin = 0; spin < SPINS && job == seen && !closed; spin++) {
        Thread.onSpinWait();
      }
      if (job == seen) {
        synchronized (lock) {
          while (job == seen && !closed) {
            try {
              lock.wait();
            } catch (InterruptedException e) {
              return;
            }
          }
        }
      }
      if (closed) {
        return;
      }
      seen = job;
      if ((seen & 1) == 0) {
        drain(seen);
      } else if (index < (int) seen / 2) {
        one(index);
      }
    }
  }

  /** Takes tasks of this job, if it is not over, until there are none. */
  private void drain(long own) {
    long now = untaken.get();
    while (now >>> 32 == own >>> 32 && (int) now > 0) {
      if (untaken.compareAndSet(now, now - 1)) {
        one((int) now - 1);
      }
      now = untaken.get();
    }
  }

  private void one(int k) {
    try {
      task.accept(k);
    } catch (RuntimeException | Error e) {
      synchronized (lock) {
        // the first tells more: those that waited for it fail after it
        failure = failure == NONE ? e : failure;
      }
    }
    if (left.decrementAndGet() == 0) {
      synchronized (lock) {
        lock.notifyAll();
      }
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
  }
}
