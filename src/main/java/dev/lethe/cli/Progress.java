package dev.lethe.cli;

import java.io.Console;
import java.util.function.IntConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** A bar on stderr, on a terminal only, and only for a run that takes a while. */
final class Progress implements AutoCloseable, IntConsumer {
  private static final long PATIENCE_NANOS = 2_000_000_000L;
  private final long start = System.nanoTime();
  private final String what;
  private final int total;
  private final boolean terminal = isTerminal();
  private ProgressBar[] bar = {};

  /**
   * @param what is counted, for people
   */
  Progress(String what, int total) {
    this.what = what;
    this.total = total;
  }

  @Override
  public void accept(int done) {
    boolean slow = System.nanoTime() - start > PATIENCE_NANOS;
    if (terminal && slow && bar.length == 0 && done < total) {
      bar =
          new ProgressBar[] {
            new ProgressBarBuilder().setTaskName(what).setInitialMax(total).showSpeed().build()
          };
    }
    for (ProgressBar shown : bar) {
      shown.stepTo(done);
    }
  }

  /** Since Java 22 there is a console without a terminal too, and a method that tells. */
  @SuppressWarnings("SystemConsoleNull")
  private static boolean isTerminal() {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    try {
      return Boolean.TRUE.equals(Console.class.getMethod("isTerminal").invoke(console));
    } catch (ReflectiveOperationException e) {
      return true;
    }
  }

  @Override
  public void close() {
    for (ProgressBar shown : bar) {
      shown.close();
    }
  }
}
