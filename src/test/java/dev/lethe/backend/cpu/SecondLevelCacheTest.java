package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecondLevelCacheTest {
  private static final long USUAL = 1 << 20;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"2048K, 2097152", "512K, 524288", "4M, 1048576", "'', 1048576", "99999999K, 1048576"})
  void readsLinuxsFile(String text, long bytes) throws IOException {
    Path file = Files.writeString(folder.resolve("size"), text + "\n");

    assertEquals(bytes, SecondLevelCache.bytes(file));
  }

  @Test
  void takesAUsualOneWhereThereIsNoFile() {
    assertEquals(USUAL, SecondLevelCache.bytes(folder.resolve("none")));
  }
}
