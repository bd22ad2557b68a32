package dev.lethe.io;

import dev.lethe.InputException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A file that somebody names. */
public final class GivenFile {
  private GivenFile() {}

  /**
   * Says that there is no such file before anything else is read.
   *
   * @param file its path
   * @param wanted what to give instead
   * @throws InputException when there is none
   */
  public static void require(Path file, String wanted) {
    if (Files.isDirectory(file)) {
      throw new InputException(file + ": is a folder; give " + wanted);
    }
    if (!Files.isRegularFile(file)) {
      throw new InputException(file + ": no such file; give " + wanted);
    }
  }
}
