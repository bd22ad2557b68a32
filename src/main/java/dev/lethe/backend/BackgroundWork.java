package dev.lethe.backend;

import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Work that Lethe's own threads do in Java while nobody waits for it. It stands still while an
 * OpenCL driver may replace the process's signal handlers: a thread that runs Java faults on
 * purpose, as the virtual machine has it, and one that waits does not.
 *
 * <p>Neither side waits for the other longer than a second: the work goes on though a driver takes
 * longer, and a driver is called though a part of the work does.
 */
public final class BackgroundWork {
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(1);

  private static int pauses;
  private static long pausedAt;
  private static int parts;

  private BackgroundWork() {}

  /**
   * Does a part of the work, when it may.
   *
   * @param part of some milliseconds
   */
  public static void run(Runnable part) {
    begin();
    try {
      part.run();
    } finally {
      end();
    }
  }

  private static synchronized void begin() {
    await(() -> pauses == 0, pausedAt + MOST_NANOS);
    parts++;
  }

  private static synchronized void end() {
    parts--;
    BackgroundWork.class.notifyAll();
  }

  /** From now on until {@link #resume} no part begins; returns when none is being done. */
  public static synchronized void pause() {
    if (pauses++ == 0) {
      pausedAt = System.nanoTime();
    }
    await(() -> parts == 0, System.nanoTime() + MOST_NANOS);
  }

  /** For each {@link #pause} one. */
  public static synchronized void resume() {
    pauses--;
    BackgroundWork.class.notifyAll();
  }

  private static synchronized void await(BooleanSupplier condition, long end) {
    boolean interrupted = false;
    while (!condition.getAsBoolean()) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        break;
      }
      try {
        TimeUnit.NANOSECONDS.timedWait(BackgroundWork.class, Math.max(left, 1_000_000));
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
