package dev.lethe.examples;

import static java.util.Objects.requireNonNull;

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

  /** The device that {@code -Ddevice=} names, or the best. */
  static Options options() {
    return Options.defaults().withDevice(System.getProperty("device", "auto"));
  }
}
