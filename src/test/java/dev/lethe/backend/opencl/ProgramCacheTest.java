package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramCacheTest {
  private static final DeviceFacts FACTS = OpenClPlanTest.facts(false, 256, 32768, 1 << 30);
  private static final String KEY = ProgramCache.key(FACTS, "-DA", "kernel");
  @TempDir Path parent;
  private Path folder;
  private ProgramCache cache;
  private byte[] binary;

  @BeforeEach
  void store() {
    folder = parent.resolve("lethe");
    cache = new ProgramCache(folder);
    binary = new byte[1000];
    new Random(3).nextBytes(binary);
    cache.store(KEY, binary);
    assumeTrue(cache.load(KEY).isPresent(), "the owner of new folders is not this user");
  }

  @Test
  void givesBackWhatItKept() throws IOException {
    assertArrayEquals(binary, cache.load(KEY).orElseThrow());
    assertEquals(List.of(folder.resolve(KEY + ".clbin")), files());
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)));
  }

  @Test
  void theKeyDependsOnEverything() {
    assertNotEquals(KEY, ProgramCache.key(FACTS, "-DB", "kernel"));
    assertNotEquals(KEY, ProgramCache.key(FACTS, "-DA", "kernel2"));
    assertNotEquals(KEY, ProgramCache.key(FACTS, "-DAk", "ernel"));
    DeviceFacts other = OpenClPlanTest.facts(false, 512, 32768, 1 << 30);
    assertEquals(KEY, ProgramCache.key(other, "-DA", "kernel"));
    assertTrue(cache.load(ProgramCache.key(FACTS, "-DB", "kernel")).isEmpty());
  }

  @Test
  void passesOverEveryDamagedFile() throws IOException {
    Path file = files().get(0);
    byte[] whole = Files.readAllBytes(file);
    for (int at = 0; at < whole.length; at += 7) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 1;
      Files.write(file, damaged);
      assertTrue(cache.load(KEY).isEmpty(), "byte " + at);
    }
    for (int length : new int[] {0, 1, 63, 64, 65, whole.length - 1}) {
      Files.write(file, java.util.Arrays.copyOf(whole, length));
      assertTrue(cache.load(KEY).isEmpty(), "length " + length);
    }
  }

  @Test
  void doesNotTrustAFolderThatOthersMayWriteTo() throws IOException {
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertTrue(cache.load(KEY).isEmpty());
  }

  @Test
  void doesNotFollowALinkInPlaceOfAFile() throws IOException {
    Path file = files().get(0);
    Path elsewhere = Files.move(file, parent.resolve("elsewhere"));
    Files.createSymbolicLink(file, elsewhere);
    assertTrue(cache.load(KEY).isEmpty());
  }

  @Test
  void aFolderThatCannotBeMadeIsNoFault() throws IOException {
    Path occupied = Files.writeString(parent.resolve("file"), "x");
    ProgramCache impossible = new ProgramCache(occupied.resolve("lethe"));
    impossible.store(KEY, binary);
    assertFalse(impossible.load(KEY).isPresent());
  }

  private List<Path> files() throws IOException {
    try (var paths = Files.list(folder)) {
      return paths.toList();
    }
  }
}
