package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jocl.CL;
import org.jocl.LibUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A library that somebody has planted where JOCL would look for its own is never loaded. */
class JoclLibraryTest {
  private static final String NAME = LibUtils.createPlatformLibraryName("JOCL_2_0_6");
  private static final String FILE = LibUtils.createLibraryFileName(NAME);

  @TempDir Path folder;
  private Path temporary;
  private Path cache;
  private Path mark;
  private Path planted;

  @BeforeEach
  void plant() throws Exception {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "planted libraries are Linux's");
    folder = folder.toRealPath();
    temporary = Files.createDirectory(folder.resolve("tmp"));
    cache = folder.resolve("cache");
    mark = folder.resolve("was-loaded");
    planted = library();
  }

  /** Leaves a mark when it is loaded; where nothing compiles it, loading it fails. */
  private Path library() throws Exception {
    Path source =
        Files.writeString(
            folder.resolve("planted.c"),
            "#include <stdio.h>\n__attribute__((constructor)) static void loaded(void) { fclose("
                + "fopen(\""
                + mark
                + "\", \"w\")); }\n");
    Path file = folder.resolve("planted.so");
    try {
      Process compiler =
          new ProcessBuilder("gcc", "-shared", "-fPIC", "-o", file.toString(), source.toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, compiler.waitFor(), said);
    } catch (IOException e) {
      Files.writeString(file, "no library");
    }
    return file;
  }

  /** What the other tests prevent. */
  @Test
  void joclAloneTakesIt() throws Exception {
    Files.copy(planted, temporary.resolve(FILE));
    String said = start("alone");
    assertTrue(Files.exists(mark) || said.contains("UnsatisfiedLinkError"), said);
  }

  @Test
  void notFromTheTemporaryFolder() throws Exception {
    Files.copy(planted, temporary.resolve(FILE));
    assertLoadsItsOwn();
    assertArrayEquals(genuine(), Files.readAllBytes(cache.resolve("native").resolve(FILE)));
    assertEquals(List.of(FILE), names(temporary));
  }

  @Test
  void notThroughALink() throws Exception {
    Files.createSymbolicLink(temporary.resolve(FILE), planted);
    Path kept = make(cache.resolve("native"));
    Files.createSymbolicLink(kept.resolve(FILE), planted);
    byte[] before = Files.readAllBytes(planted);
    assertLoadsItsOwn();
    assertFalse(Files.isSymbolicLink(kept.resolve(FILE)));
    assertArrayEquals(before, Files.readAllBytes(planted));
  }

  @Test
  void notFromTheCache() throws Exception {
    Path kept = make(cache.resolve("native"));
    Files.copy(planted, kept.resolve(FILE));
    assertLoadsItsOwn();
    assertArrayEquals(genuine(), Files.readAllBytes(kept.resolve(FILE)));
  }

  /** Without a folder to keep it in, it is in one of this process alone, and gone afterwards. */
  @ParameterizedTest
  @ValueSource(strings = {"others may write", "a file in its place", "another's", "above"})
  void notFromACacheOfOthers(String whose) throws Exception {
    Path kept = make(cache.resolve("native"));
    Files.copy(planted, kept.resolve(FILE));
    Files.copy(planted, temporary.resolve(FILE));
    switch (whose) {
      case "others may write" -> everybody(kept);
      case "above" -> everybody(folder);
      case "another's" -> {
        assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "not root");
        Files.setAttribute(cache, "unix:uid", 65534);
      }
      default -> cache = planted;
    }
    String said = assertLoadsItsOwn();
    assertEquals(!whose.contains("file"), said.contains("not used as a cache"), said);
    assertEquals(List.of(FILE), names(temporary));
    assertArrayEquals(Files.readAllBytes(planted), Files.readAllBytes(kept.resolve(FILE)));
  }

  @Test
  void aLibraryInTheWorkingFolderIsRefusedWhereJavaWouldTakeIt() throws Exception {
    Files.copy(planted, folder.resolve(FILE));
    String said = start("ours", "-Djava.library.path=/usr/lib:.");
    assertTrue(said.contains(folder.resolve(".").resolve(FILE) + " would be loaded"), said);
    assertFalse(Files.exists(mark));
    assertTrue(start("ours", "-Djava.library.path=/usr/lib").contains("loaded\n"));
  }

  @Test
  void processesAtOnceShareACache() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int k = 0; k < 4; k++) {
      processes.add(process("ours"));
    }
    for (Process process : processes) {
      String said = said(process);
      assertTrue(said.contains("loaded\n"), said);
    }
    assertEquals(List.of(FILE), names(cache.resolve("native")));
  }

  private static Path make(Path folder) throws IOException {
    PrivateFolder.create(folder);
    return folder;
  }

  private static void everybody(Path path) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
  }

  private String assertLoadsItsOwn() throws Exception {
    String said = start("ours");
    assertFalse(Files.exists(mark), said);
    assertTrue(said.contains("loaded\n"), said);
    return said;
  }

  private String start(String how, String... options) throws Exception {
    return said(process(how, options));
  }

  private Process process(String how, String... options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add("-Djava.io.tmpdir=" + temporary);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(Loader.class.getName(), how, cache.toString()));
    return new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
  }

  private static String said(Process process) throws Exception {
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return said;
  }

  @Test
  void aLibraryThatTheSystemDoesNotRunIsNamed() {
    UnsatisfiedLinkError e =
        new UnsatisfiedLinkError(
            """
            Error while loading native library
            java.lang.UnsatisfiedLinkError: no JOCL in java.library.path
                at x
            java.lang.UnsatisfiedLinkError: /c/l.so: failed to map segment
                at x
            """);
    assertEquals(
        "JOCL's native library cannot be loaded (/c/l.so: failed to map segment); set LETHE_CACHE"
            + " to a folder from which programs may run",
        JoclLibrary.problem(e).orElseThrow());
    assertTrue(JoclLibrary.problem(new UnsatisfiedLinkError("Could not initialize")).isEmpty());
  }

  private static byte[] genuine() throws IOException {
    try (InputStream in = LibUtils.class.getResourceAsStream("/lib/" + FILE)) {
      return Objects.requireNonNull(in).readAllBytes();
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(JoclLibraryTest::ours)
          .toList();
    }
  }

  // not what Java itself leaves there
  private static boolean ours(String name) {
    return !name.startsWith("hsperfdata");
  }

  /** Loads JOCL's library, by JOCL alone or as Lethe does, whether there is OpenCL or not. */
  static final class Loader {
    private Loader() {}

    public static void main(String[] args) throws IOException {
      if (args[0].equals("alone")) {
        initialize();
      } else {
        String before = System.getProperty("java.io.tmpdir");
        JoclLibrary.load(Path.of(args[1]), Loader::initialize);
        assertEquals(before, System.getProperty("java.io.tmpdir"));
      }
      System.out.println("loaded");
    }

    private static void initialize() {
      try {
        CL.setExceptionsEnabled(false);
      } catch (UnsatisfiedLinkError e) {
        // of JOCL's own library, which is there, when the system has none of OpenCL
        if (!e.getMessage().contains("Could not initialize native OpenCL library")) {
          throw e;
        }
      }
    }
  }
}
