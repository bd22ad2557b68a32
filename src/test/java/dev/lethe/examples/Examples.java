package dev.lethe.examples;

import static java.util.Objects.requireNonNull;

import dev.lethe.InputException;
import dev.lethe.LetheException;
import dev.lethe.Options;
import java.net.URISyntaxException;
import java.nio.file.Path;

/** What the example programs share. */
final class Examples {
  private Examples() {}

  /** A model or data file, which lies beside the classes of this package. */
  static Path file(String name) {
    try {
      return Path.of(requireNonNull(Examples.class.getResource(name), name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(name + " is not a file", e);
    }
  }

  /**
   * The device that {@code -Ddevice=} names, or the best. What Lethe refuses afterwards ends the
   * program in one line, as it ends a command; for {@code main} alone.
   */
  static Options options() {
    Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> end(e));
    return Options.defaults().withDevice(System.getProperty("device", "auto"));
  }

  private static void end(Throwable e) {
    if (e instanceof LetheException) {
      System.err.println(e.getMessage());
    } else {
      e.printStackTrace();
    }
    System.exit(e instanceof InputException ? 2 : 3);
  }
}
