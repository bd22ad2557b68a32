package dev.lethe.job;

import java.nio.file.Path;
import java.util.List;

/**
 * A file that is to appear.
 *
 * @param file an .npy or .csv for one output, or an .npz
 * @param outputs names of what goes into it
 */
public record Target(Path file, List<String> outputs) {
  /** Whether it holds several arrays by name. */
  public boolean isArchive() {
    return file.toString().endsWith(".npz");
  }

  /** Whether it is text. */
  public boolean isCsv() {
    return file.toString().endsWith(".csv");
  }
}
