package dev.lethe.backend.opencl;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Optional;
import org.jocl.LibUtils;

/**
 * Loads JOCL's native part from a folder that is this user's alone.
 *
 * <p>JOCL by itself writes it to java.io.tmpdir under a name that is always the same, and loads
 * what lies there already, whoever wrote it. Its loader knows no other way, but it reads the
 * property anew: so the library is put into a private folder under the name that JOCL looks for,
 * and the property points there while JOCL's classes are initialized. Whoever asks for a temporary
 * file in that moment gets it in a folder that nobody else can write to.
 */
final class JoclLibrary {
  private static final String NAME = LibUtils.createPlatformLibraryName("JOCL_2_0_6");
  private static final String FILE = LibUtils.createLibraryFileName(NAME);
  private static final String TEMPORARY = "java.io.tmpdir";
  private static final String JNA_TEMPORARY = "jna.tmpdir";

  private JoclLibrary() {}

  /**
   * Runs {@code initialize} where JOCL finds its own library and no other, and where JNA, if it is
   * used there for the first time, unpacks its own.
   *
   * @param cache the user's folder, which need not be there
   * @param initialize uses JOCL for the first time in this process
   * @throws IOException when there is no place for the library, or a file lies in its way; the
   *     message is for people
   * @throws LinkageError from {@code initialize}
   */
  static void load(Path cache, Runnable initialize) throws IOException {
    refuseWorkingFolder();
    byte[] library = bytes();
    Optional<Path> kept = kept(cache, library);
    if (kept.isPresent()) {
      runIn(kept.get(), initialize);
      return;
    }
    // mode 0700; there until the process ends, where a library in use cannot be deleted
    Path folder = Files.createTempDirectory("lethe");
    try {
      Files.write(folder.resolve(FILE), library);
      runIn(folder, initialize);
    } finally {
      delete(folder.resolve(FILE));
      delete(folder);
    }
  }

  /** The library as JOCL ships it. */
  private static byte[] bytes() throws IOException {
    try (InputStream in = LibUtils.class.getResourceAsStream("/lib/" + FILE)) {
      if (in == null) {
        throw new IOException("JOCL has no library for this system (" + FILE + ")");
      }
      return in.readAllBytes();
    }
  }

  /** The folder in the user's cache with exactly this library in it, if that is possible. */
  static Optional<Path> kept(Path cache, byte[] library) {
    try {
      PrivateFolder.create(cache);
      Optional<Path> trusted = PrivateFolder.trusted(cache);
      if (trusted.isEmpty()) {
        return Optional.empty();
      }
      Path inside = trusted.get().resolve("native");
      PrivateFolder.create(inside);
      Optional<Path> folder = PrivateFolder.trusted(inside);
      if (folder.isEmpty()) {
        return Optional.empty();
      }
      Path file = folder.get().resolve(FILE);
      if (!holds(file, library)) {
        Path part = Files.createTempFile(folder.get(), "jocl", ".part");
        try {
          Files.write(part, library);
          Files.move(
              part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
          Files.deleteIfExists(part);
        }
      }
      return folder;
    } catch (IOException e) {
      // unwritable, full, or in use by another process that has an older one
      System.getLogger("dev.lethe")
          .log(System.Logger.Level.DEBUG, cache + ": no place for JOCL's library", e);
      return Optional.empty();
    }
  }

  private static boolean holds(Path file, byte[] library) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.size(file) == library.length
        && Arrays.equals(Files.readAllBytes(file), library);
  }

  /** Why the library itself was not loaded, if it was not: a folder may forbid programs. */
  static Optional<String> problem(UnsatisfiedLinkError error) {
    return String.valueOf(error.getMessage())
        .lines()
        .filter(line -> line.startsWith(UnsatisfiedLinkError.class.getName()))
        .reduce((file, resource) -> resource)
        .map(
            line ->
                "JOCL's native library cannot be loaded ("
                    + line.replaceFirst("^[^:]*: ", "")
                    + "); set "
                    + ProgramCache.VARIABLE
                    + " to a folder from which programs may run");
  }

  private static void runIn(Path folder, Runnable action) {
    String before = System.getProperty(TEMPORARY);
    boolean jna = System.getProperty(JNA_TEMPORARY) == null;
    System.setProperty(TEMPORARY, folder.toString());
    if (jna) {
      System.setProperty(JNA_TEMPORARY, folder.toString());
    }
    try {
      action.run();
    } finally {
      System.setProperty(TEMPORARY, before);
      if (jna) {
        System.clearProperty(JNA_TEMPORARY);
      }
    }
  }

  /**
   * JOCL asks java.library.path first. What the user or the system names there is meant so, but on
   * Windows the working folder is among it, where files of strangers may lie.
   */
  private static void refuseWorkingFolder() throws IOException {
    String path = System.getProperty("java.library.path", "");
    for (String entry : path.split(File.pathSeparator, -1)) {
      // not a Path, which refuses what PATH may hold on Windows
      File file = new File(entry.isEmpty() ? "." : entry, FILE);
      if (!file.isAbsolute() && file.exists()) {
        throw new IOException(
            file.getAbsolutePath() + " would be loaded in place of JOCL's library; delete it");
      }
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      path.toFile().deleteOnExit();
    }
  }
}
