package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Work in the background gives way to drivers, and neither for ever. */
class BackgroundWorkTest {
  private final AtomicInteger done = new AtomicInteger();

  private Thread worker(Runnable part) {
    Thread worker = new Thread(() -> BackgroundWork.run(part));
    worker.start();
    return worker;
  }

  @Test
  void nothingBeginsUntilAllHaveResumed() throws InterruptedException {
    BackgroundWork.pause();
    BackgroundWork.pause();
    Thread worker = worker(done::incrementAndGet);
    BackgroundWork.resume();
    worker.join(50);
    assertEquals(0, done.get());
    assertTrue(worker.isAlive());
    BackgroundWork.resume();
    worker.join();
    assertEquals(1, done.get());
  }

  @Test
  void aPauseBeginsWhenWhatHasBegunIsDone() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    Thread worker =
        worker(
            () -> {
              begun.countDown();
              sleep(20);
              done.incrementAndGet();
            });
    begun.await();
    BackgroundWork.pause();
    assertEquals(1, done.get());
    BackgroundWork.resume();
    worker.join();
  }

  /** A session that nobody uses keeps none from getting fast. */
  @Test
  void aPauseDoesNotLastForEver() throws InterruptedException {
    BackgroundWork.pause();
    worker(done::incrementAndGet).join();
    assertEquals(1, done.get());
    BackgroundWork.resume();
  }

  /** A part that hangs keeps nobody from a device. */
  @Test
  void aPauseDoesNotWaitForEver() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    Thread worker =
        worker(
            () -> {
              begun.countDown();
              await(end);
            });
    begun.await();
    BackgroundWork.pause();
    assertTrue(worker.isAlive());
    BackgroundWork.resume();
    end.countDown();
    worker.join();
  }

  @Test
  void anInterruptIsKept() {
    BackgroundWork.pause();
    Thread.currentThread().interrupt();
    BackgroundWork.run(done::incrementAndGet);
    assertTrue(Thread.interrupted());
    assertEquals(1, done.get());
    BackgroundWork.resume();
    assertFalse(Thread.interrupted());
  }

  private static void sleep(long milliseconds) {
    try {
      Thread.sleep(milliseconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
