package dev.lethe.backend.opencl;

import dev.lethe.backend.BackgroundWork;
import java.util.Map;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the Java virtual machine's signal handlers in force while an OpenCL driver works.
 *
 * <p>LLVM, which most drivers compile with, replaces the process's handler of SIGSEGV and others
 * the first time it works on a file that it would remove after a crash. The virtual machine lives
 * by these signals: its threads stop for a safepoint by faulting on a protected page, and a null
 * pointer is a fault at first. LLVM's handler ends the process when two threads fault at once, and
 * from version 21 on (its pull request 145759) on any fault. SIGQUIT, with which jstack and others
 * ask for a dump of the threads, it takes as well.
 *
 * <p>So whoever calls a driver that may compile calls {@link #keep} before, and closes what it gets
 * when that is over. In between a thread looks whether the handlers are still those of before, and
 * puts them back. LLVM does not replace them a second time, since nobody has used its own. Lethe's
 * own {@link BackgroundWork} stands still, so that no thread of it faults in the moment between.
 *
 * <p>A process that is started with the JDK's libjsig preloaded needs none of this, and has not
 * even the moment between LLVM's replacing and the next look.
 */
final class SignalHandlers implements AutoCloseable {
  private static final long PERIOD_MICROS = 100;

  private static final @Nullable Sigaction SIGACTION = Sigaction.ofThisSystem();

  private static final ScheduledThreadPoolExecutor WATCH = watch();

  private static int open;
  private static Map<Integer, byte[]> before = Map.of();
  private static @Nullable ScheduledFuture<?> watching;

  private boolean closed;

  private SignalHandlers() {}

  /** To be called before a driver is loaded or may compile. */
  static SignalHandlers keep() {
    BackgroundWork.pause();
    synchronized (SignalHandlers.class) {
      // whoever comes second may already see the driver's handlers
      if (open++ == 0 && SIGACTION != null) {
        before = SIGACTION.actions();
        watching =
            WATCH.scheduleWithFixedDelay(
                SignalHandlers::putBack, PERIOD_MICROS, PERIOD_MICROS, TimeUnit.MICROSECONDS);
      }
    }
    return new SignalHandlers();
  }

  @Override
  public void close() {
    synchronized (SignalHandlers.class) {
      if (closed) {
        return;
      }
      closed = true;
      putBack();
      if (--open == 0 && watching != null) {
        watching.cancel(false);
        watching = null;
      }
    }
    BackgroundWork.resume();
  }

  private static synchronized void putBack() {
    if (SIGACTION != null && open > 0) {
      before.forEach(
          (signal, action) -> {
            if (!SIGACTION.has(signal, action)) {
              SIGACTION.set(signal, action);
            }
          });
    }
  }

  private static ScheduledThreadPoolExecutor watch() {
    ScheduledThreadPoolExecutor watch =
        new ScheduledThreadPoolExecutor(
            1,
            task -> {
              Thread thread = new Thread(task, "lethe-signal-handlers");
              thread.setDaemon(true);
              return thread;
            });
    watch.setRemoveOnCancelPolicy(true);
    watch.setKeepAliveTime(1, TimeUnit.SECONDS);
    watch.allowCoreThreadTimeOut(true);
    return watch;
  }
}
