package dev.lethe.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFilesTest {
  @TempDir Path folder;

  @Test
  void filesAppearTogether() throws IOException {
    try (WholeFiles files = new WholeFiles()) {
      files.add(folder.resolve("a"), out -> out.write('1'));
      files.add(folder.resolve("b"), out -> out.write('2'));
      assertFalse(Files.exists(folder.resolve("a")));
      files.commit();
    }
    assertEquals("1", Files.readString(folder.resolve("a")));
    assertEquals("2", Files.readString(folder.resolve("b")));
    assertEquals(List.of("a", "b"), names());
  }

  @Test
  void aFailureLeavesNothingBehindAndTheOldInPlace() throws IOException {
    Files.writeString(folder.resolve("a"), "old");
    try (WholeFiles files = new WholeFiles()) {
      files.add(folder.resolve("a"), out -> out.write('1'));
      InputException e =
          assertThrows(
              InputException.class,
              () ->
                  files.add(
                      folder.resolve("b"),
                      out -> {
                        out.write('2');
                        throw new IOException("disk full");
                      }));
      assertTrue(e.getMessage().contains("disk full"), e.getMessage());
    }
    assertEquals("old", Files.readString(folder.resolve("a")));
    assertEquals(List.of("a"), names());
  }

  @Test
  void aMoveThatFailsTakesTheOthersBack() throws IOException {
    try (WholeFiles files = new WholeFiles()) {
      files.add(folder.resolve("a"), out -> out.write('1'));
      files.add(folder.resolve("b"), out -> out.write('2'));
      Files.createDirectories(folder.resolve("b").resolve("in the way"));
      assertThrows(InputException.class, files::commit);
    }
    assertEquals(List.of("b"), names());
  }

  @Test
  void foldersThatAreMissingOrFilesInTheWayAreNamed() {
    InputException missing =
        assertThrows(InputException.class, () -> WholeFiles.check(folder.resolve("no/a")));
    assertTrue(missing.getMessage().contains("there is no folder"), missing.getMessage());
    InputException taken = assertThrows(InputException.class, () -> WholeFiles.check(folder));
    assertTrue(taken.getMessage().contains("not a plain file"), taken.getMessage());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
