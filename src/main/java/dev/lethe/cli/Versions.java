package dev.lethe.cli;

import java.util.Optional;
import picocli.CommandLine;

/** What {@code --version} says. */
final class Versions implements CommandLine.IVersionProvider {
  @Override
  public String[] getVersion() {
    return new String[] {"lethe " + lethe(), "Java " + java()};
  }

  /** Lethe's version, from the manifest of its jar. */
  static String lethe() {
    return Optional.ofNullable(Versions.class.getPackage().getImplementationVersion())
        .orElse("(not from a jar)");
  }

  /** The running Java's version and maker. */
  static String java() {
    return Runtime.version() + " (" + System.getProperty("java.vendor") + ")";
  }
}
