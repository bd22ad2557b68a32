package dev.lethe.backend.opencl;

import java.util.EnumMap;
import java.util.Map;

/** Counts the OpenCL objects that this process holds, so that tests see a leak at once. */
final class Handles {
  /** What OpenCL counts references of. */
  enum Kind {
    CONTEXT,
    QUEUE,
    PROGRAM,
    KERNEL,
    BUFFER
  }

  private static final Map<Kind, Integer> LIVE = new EnumMap<>(Kind.class);

  private Handles() {}

  static synchronized void opened(Kind kind) {
    LIVE.merge(kind, 1, Integer::sum);
  }

  static synchronized void closed(Kind kind) {
    LIVE.merge(kind, -1, Integer::sum);
  }

  /** Objects not yet released. */
  static synchronized int live() {
    return LIVE.values().stream().mapToInt(count -> count).sum();
  }

  /** Objects not yet released of each kind of which there are any. */
  static synchronized Map<Kind, Integer> liveByKind() {
    Map<Kind, Integer> some = new EnumMap<>(LIVE);
    some.values().removeIf(count -> count == 0);
    return some;
  }
}
