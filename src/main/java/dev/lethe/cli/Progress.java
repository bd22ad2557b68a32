package dev.lethe.cli;

import java.io.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.jline.terminal.TerminalBuilder;

/** A bar on stderr, on a terminal only, and only for a run that takes a while. */
final class Progress implements AutoCloseable, IntConsumer {
  static final String JLINE_FOLDER = "jline.tmpdir";
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
      keepToOurselves();
      bar =
          new ProgressBar[] {
            new ProgressBarBuilder().setTaskName(what).setInitialMax(total).showSpeed().build()
          };
    }
    for (ProgressBar shown : bar) {
      shown.stepTo(done);
    }
  }

  /**
   * JLine, which asks the terminal for its width, unpacks a native library for that: into a folder
   * that nobody else can write to, and that goes when the process ends.
   */
  static void keepToOurselves() {
    try {
      Path folder = Files.createTempDirectory("lethe");
      // files are deleted in reverse order, so JLine's before their folder
      folder.toFile().deleteOnExit();
      System.setProperty(JLINE_FOLDER, folder.toString());
    } catch (IOException e) {
      // no library then, and a bar for 80 columns
      System.setProperty(TerminalBuilder.PROP_PROVIDER, TerminalBuilder.PROP_PROVIDER_DUMB);
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
