package dev.lethe.backend.opencl;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What this process holds that somebody has to close: OpenCL objects and threads. */
public final class LiveObjects {
  private static final long PATIENCE_NANOS = 10_000_000_000L;

  private LiveObjects() {}

  /** How many there are of each kind, where there are any. */
  public static Map<String, Integer> now() {
    Map<String, Integer> all = new TreeMap<>();
    Handles.liveByKind().forEach((kind, count) -> all.put(kind.name(), count));
    if (!threads().isEmpty()) {
      all.put("THREAD", threads().size());
    }
    return all;
  }

  /** OpenCL objects alone. */
  public static int openCl() {
    return Handles.live();
  }

  /** The same as {@link #now}, once threads that are about to end have ended. */
  public static Map<String, Integer> settled(Map<String, Integer> expected) {
    long start = System.nanoTime();
    while (!now().equals(expected) && System.nanoTime() - start < PATIENCE_NANOS) {
      Thread.onSpinWait();
    }
    return now();
  }

  /** Lethe's own. */
  private static List<Thread> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("lethe"))
        .toList();
  }
}
