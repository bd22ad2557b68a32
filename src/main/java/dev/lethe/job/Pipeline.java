package dev.lethe.job;

import dev.lethe.DeviceException;
import dev.lethe.InputException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Chunks are read, computed and written beside each other, each in a slot that goes round. What is
 * written becomes a line of the journal once it is on the disk.
 *
 * <p>The first chunk of each worker goes alone: drivers compile their kernels then, and do not bear
 * other threads well while they do.
 */
final class Pipeline {
  /** The disk is waited for no more often than this, however small the chunks are. */
  private static final long FORCE_NANOS = 100_000_000L;

  /** What a thread does until it has no more to do or another one fails. */
  private interface Part {
    void run() throws InterruptedException;
  }

  private final Work work;
  private final List<Worker> workers;
  private final Parts parts;
  private final Journal journal;
  private final Listener listener;

  // all of these under this object's lock
  private final Deque<Slot> free = new ArrayDeque<>();
  private final Deque<Slot> ready = new ArrayDeque<>();
  private final Deque<Slot> computed = new ArrayDeque<>();
  private final Deque<Worker> cold;
  private boolean allRead;
  private int computing;
  private final List<Worker> working;
  private long unclaimed;
  private Optional<Throwable> failure = Optional.empty();

  // the writer's own
  private final List<int[]> unforced = new ArrayList<>();
  private long lastForce = System.nanoTime();
  private int done;

  Pipeline(Work work, List<Worker> workers, Parts parts, Journal journal, Listener listener) {
    this.work = work;
    this.workers = workers;
    this.parts = parts;
    this.journal = journal;
    this.listener = listener;
    this.cold = new ArrayDeque<>(workers);
    this.working = new ArrayList<>(workers);
    this.done = journal.count();
    this.unclaimed = (long) work.sequences() - done;
    free.add(new Slot());
  }

  /**
   * Does all that the journal does not say is done. Returns when no thread is at work any more.
   *
   * @throws CancellationException when the caller is interrupted, which it is still then
   */
  void run() {
    List<int[]> left = journal.left();
    List<Part> all = new ArrayList<>();
    all.add(() -> read(left));
    workers.forEach(worker -> all.add(() -> compute(worker)));
    all.add(this::write);
    ExecutorService threads = Executors.newFixedThreadPool(all.size());
    try {
      all.forEach(part -> threads.execute(() -> guarded(part)));
    } finally {
      threads.shutdown();
    }
    awaitEnd(threads);
    failure().ifPresent(Pipeline::rethrow);
  }

  /** Files and sessions are the threads' until they end, so an interrupt only hurries them. */
  private void awaitEnd(ExecutorService threads) {
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = threads.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
        fail(Job.interrupted());
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void read(List<int[]> left) throws InterruptedException {
    for (int[] range : left) {
      for (int first = range[0]; first < range[1]; ) {
        Optional<Slot> slot = take(() -> Optional.ofNullable(free.poll()), () -> false);
        if (slot.isEmpty()) {
          return;
        }
        int count = Math.min(work.chunk(first), range[1] - first);
        slot.get().begin(first, count);
        work.read(slot.get());
        change(() -> ready.add(slot.get()));
        first += count;
      }
    }
    change(() -> allRead = true);
  }

  private void compute(Worker worker) throws InterruptedException {
    while (true) {
      // one that waits may still be needed, to redo what another one fails to
      Optional<Slot> taken =
          take(() -> next(worker), () -> allRead && ready.isEmpty() && computing == 0);
      if (taken.isEmpty()) {
        return;
      }
      Slot slot = taken.get();
      long start = System.nanoTime();
      try {
        worker.run(slot);
      } catch (DeviceException e) {
        drop(worker, slot, e);
        return;
      } catch (InputException e) {
        throw new InputException(work.where(slot) + ": " + e.getMessage(), e);
      }
      change(() -> finish(worker, slot, System.nanoTime() - start));
    }
  }

  /** The next chunk, unless another device would be through with everything before this one. */
  private Optional<Slot> next(Worker worker) {
    if (ready.isEmpty() || (!cold.isEmpty() && cold.peek() != worker)) {
      return Optional.empty();
    }
    int count = ready.element().count();
    if (working.stream().anyMatch(other -> other.outruns(worker, count, unclaimed))) {
      return Optional.empty();
    }
    unclaimed -= count;
    computing++;
    worker.begins(count);
    return Optional.of(ready.remove());
  }

  private void finish(Worker worker, Slot slot, long nanos) {
    computing--;
    computed.add(slot);
    if (!warm(worker)) {
      worker.ends(slot.count(), nanos);
    }
  }

  /** Takes note that it has run; once all have, there may be as many slots as they need. */
  private boolean warm(Worker worker) {
    boolean wasCold = cold.remove(worker);
    if (wasCold && cold.isEmpty()) {
      for (int k = 1; k < Footprint.slots(workers.size()); k++) {
        free.add(new Slot());
      }
    }
    return wasCold;
  }

  /** Goes on without a device that failed, if there is another one. */
  private void drop(Worker worker, Slot slot, DeviceException e) {
    synchronized (this) {
      if (working.size() == 1) {
        throw e;
      }
      working.remove(worker);
      unclaimed += slot.count();
      computing--;
      warm(worker);
      ready.addFirst(slot);
      notifyAll();
    }
    listener.warn(worker.device() + " is dropped, others redo its work: " + e.getMessage());
  }

  private void write() throws InterruptedException {
    Optional<Slot> slot = computed();
    while (slot.isPresent()) {
      write(slot.get());
      slot = computed();
    }
    // what has been computed is kept, even if something else failed
    for (slot = poll(); slot.isPresent(); slot = poll()) {
      write(slot.get());
    }
    force();
  }

  private Optional<Slot> computed() throws InterruptedException {
    return take(this::poll, () -> allRead && ready.isEmpty() && computing == 0);
  }

  private synchronized Optional<Slot> poll() {
    return Optional.ofNullable(computed.poll());
  }

  private void write(Slot slot) {
    work.write(slot);
    written(slot);
    done += slot.count();
    change(() -> free.add(slot));
    if (System.nanoTime() - lastForce > FORCE_NANOS) {
      force();
    }
    listener.done(done);
  }

  private void written(Slot slot) {
    int[] last = unforced.isEmpty() ? new int[] {-1, -1} : unforced.get(unforced.size() - 1);
    if (last[1] == slot.first()) {
      last[1] += slot.count();
    } else {
      unforced.add(new int[] {slot.first(), slot.first() + slot.count()});
    }
  }

  private void force() {
    if (!unforced.isEmpty()) {
      parts.force();
      journal.done(unforced);
      unforced.clear();
    }
    lastForce = System.nanoTime();
  }

  /**
   * Waits for a slot.
   *
   * @return empty when there will be none, or something failed
   */
  private synchronized Optional<Slot> take(Supplier<Optional<Slot>> slot, Supplier<Boolean> noMore)
      throws InterruptedException {
    while (failure.isEmpty()) {
      Optional<Slot> taken = slot.get();
      if (taken.isPresent() || noMore.get()) {
        return taken;
      }
      wait();
    }
    return Optional.empty();
  }

  private synchronized void change(Runnable change) {
    change.run();
    notifyAll();
  }

  private void guarded(Part part) {
    try {
      part.run();
    } catch (Throwable e) {
      fail(e);
    }
  }

  private synchronized void fail(Throwable e) {
    failure = failure.isPresent() ? failure : Optional.of(e);
    notifyAll();
  }

  private synchronized Optional<Throwable> failure() {
    return failure;
  }

  private static void rethrow(Throwable failure) {
    if (failure instanceof RuntimeException e) {
      throw e;
    } else if (failure instanceof Error e) {
      throw e;
    }
    throw new IllegalStateException(failure);
  }
}
