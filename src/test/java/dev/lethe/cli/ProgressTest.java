package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;

class ProgressTest {
  @Test
  void whatTheBarUnpacksIsForNobodyElse() throws IOException {
    String before = System.getProperty(Progress.JLINE_FOLDER);
    try {
      Progress.keepToOurselves();
      Path folder = Path.of(System.getProperty(Progress.JLINE_FOLDER));
      assertNotEquals(Path.of(System.getProperty("java.io.tmpdir")), folder);
      assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"));
      assertEquals(
          "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    } finally {
      if (before == null) {
        System.clearProperty(Progress.JLINE_FOLDER);
      } else {
        System.setProperty(Progress.JLINE_FOLDER, before);
      }
    }
  }
}
