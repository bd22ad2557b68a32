package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrivateFolderTest {
  @TempDir Path parent;
  private Path folder;

  @BeforeEach
  void make() throws IOException {
    assumeTrue(
        parent.getFileSystem().supportedFileAttributeViews().contains("unix"), "no modes here");
    parent = parent.toRealPath();
    folder = parent.resolve("a/b/lethe");
    PrivateFolder.create(folder);
  }

  @Test
  void whatIsMadeIsPrivate() throws IOException {
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
    assertEquals(Optional.of(folder), PrivateFolder.trusted(folder));
    assertEquals(Optional.empty(), PrivateFolder.trusted(parent.resolve("none")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxrwxrwx", "rwxrwx---", "rwx----w-", "rwxr-xrwx"})
  void othersMayNotWrite(String mode) throws IOException {
    set(folder, mode);
    assertEquals(Optional.empty(), PrivateFolder.trusted(folder));
  }

  @ParameterizedTest
  @ValueSource(strings = {"rwxr-xr-x", "rwxr-x---", "r-x------"})
  void othersMayRead(String mode) throws IOException {
    set(folder, mode);
    assertEquals(Optional.of(folder), PrivateFolder.trusted(folder));
  }

  /** Whoever may write to a folder may rename what is in it. */
  @Test
  void nobodyMayPutAnotherInItsPlace() throws IOException {
    set(parent.resolve("a"), "rwxrwxrwx");
    assertEquals(Optional.empty(), PrivateFolder.trusted(folder));
    Files.setAttribute(parent.resolve("a"), "unix:mode", 01777);
    assertEquals(Optional.of(folder), PrivateFolder.trusted(folder));
  }

  @Test
  void linksAreFollowedOnce() throws IOException {
    Path link = Files.createSymbolicLink(parent.resolve("link"), folder);
    assertEquals(Optional.of(folder), PrivateFolder.trusted(link));
    set(folder, "rwxrwxrwx");
    assertEquals(Optional.empty(), PrivateFolder.trusted(link));
  }

  @Test
  void somebodyElsesIsNotUsed() throws IOException {
    giveAway(folder);
    assertEquals(Optional.empty(), PrivateFolder.trusted(folder));
  }

  @Test
  void somebodyElsesParentIsNotUsed() throws IOException {
    giveAway(parent.resolve("a"));
    assertEquals(Optional.empty(), PrivateFolder.trusted(folder));
  }

  @Test
  void aFileThatOthersMayHaveWrittenIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("f"), "x");
    assertEquals(Optional.empty(), PrivateFolder.fileProblem(file));
    set(file, "rw-rw-rw-");
    assertEquals(Optional.of("everybody may write to it"), PrivateFolder.fileProblem(file));
    set(file, "rw-r--r--");
    set(parent.resolve("a"), "rwxrwxrwx");
    assertEquals(
        Optional.of("everybody may write to " + parent.resolve("a")),
        PrivateFolder.fileProblem(file));
    set(parent.resolve("a"), "rwx------");
    giveAway(file);
    assertTrue(PrivateFolder.fileProblem(file).orElseThrow().startsWith("it belongs to "));
  }

  private static void set(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  /** Only root can. */
  private static void giveAway(Path path) throws IOException {
    assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "not root");
    Files.setAttribute(path, "unix:uid", 65534);
  }
}
