package dev.lethe.backend.opencl;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Which kernels have been started, and compiled with which options: with {@code
 * -Dlethe.launched=FILE}, which {@code ci/launched} reads, a line each is added to that file.
 */
final class LaunchLog {
  private static final Optional<Path> FILE =
      Optional.ofNullable(System.getProperty("lethe.launched")).map(Path::of);

  private static final Set<String> WRITTEN = ConcurrentHashMap.newKeySet();

  private LaunchLog() {}

  /** A kernel is started, not for the first time perhaps. */
  static void launched(String kernel, String options) {
    if (FILE.isPresent() && WRITTEN.add(kernel + " " + options)) {
      write(FILE.get(), kernel + " " + options + "\n");
    }
  }

  private static void write(Path file, String line) {
    try {
      Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException("writing the launched kernels", e);
    }
  }
}
