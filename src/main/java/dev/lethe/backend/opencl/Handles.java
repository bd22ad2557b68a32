package dev.lethe.backend.opencl;

import java.util.concurrent.atomic.AtomicInteger;

/** Counts the OpenCL objects that this process holds, so that tests see a leak at once. */
final class Handles {
  private static final AtomicInteger LIVE = new AtomicInteger();

  private Handles() {}

  static void opened(int count) {
    LIVE.addAndGet(count);
  }

  static void closed(int count) {
    LIVE.addAndGet(-count);
  }

  /** Contexts, queues, programs, kernels and buffers not yet released. */
  static int live() {
    return LIVE.get();
  }
}
