package dev.lethe.backend.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/**
 * A session's own daemon threads. The caller works too, so {@code threads} is one more than there
 * are threads here.
 *
 * <p>Threads: {@link #run} from one thread at a time.
 */
final class Workers implements AutoCloseable {
  private final int threads;
  private final Object lock = new Object();
  private final AtomicInteger next = new AtomicInteger();
  private IntConsumer task = k -> {};
  private int tasks;
  private boolean together;
  private int generation;
  private int busy;
  private boolean closed;
  private Throwable failure = NONE;

  private static final Throwable NONE = new Throwable("no failure", null, false, false) {};

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
    drain(work, count);
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
    one(work, 0);
    await();
  }

  private void start(int count, IntConsumer work, boolean atOnce) {
    synchronized (lock) {
      task = work;
      tasks = count;
      together = atOnce;
      next.set(0);
      busy = threads - 1;
      failure = NONE;
      generation++;
      lock.notifyAll();
    }
  }

  private void await() {
    boolean interrupted = false;
    synchronized (lock) {
      while (busy > 0) {
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
    int seen = 0;
    while (true) {
      IntConsumer work;
      int count;
      boolean one;
      synchronized (lock) {
        while (generation == seen && !closed) {
          try {
            lock.wait();
          } catch (InterruptedException e) {
            return;
          }
        }
        if (closed) {
          return;
        }
        seen = generation;
        work = task;
        count = tasks;
        one = together;
      }
      if (!one) {
        drain(work, count);
      } else if (index < count) {
        one(work, index);
      }
      synchronized (lock) {
        busy--;
        lock.notifyAll();
      }
    }
  }

  private void drain(IntConsumer work, int count) {
    for (int k = next.getAndIncrement(); k < count; k = next.getAndIncrement()) {
      one(work, k);
    }
  }

  private void one(IntConsumer work, int k) {
    try {
      work.accept(k);
    } catch (RuntimeException | Error e) {
      synchronized (lock) {
        // the first tells more: those that waited for it fail after it
        failure = failure == NONE ? e : failure;
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
