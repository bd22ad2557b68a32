package dev.lethe.backend.opencl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Tells whether Linux's dynamic linker finds a library, before somebody else asks for it: JOCL's
 * native part writes its failure to standard output, which belongs to data.
 */
final class LinuxLinker {
  private static final Path CACHE = Path.of("/etc/ld.so.cache");
  private static final long MOST_CACHE_BYTES = 64L << 20;
  private static final List<String> FOLDERS =
      List.of("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib");

  private LinuxLinker() {}

  /** True on other systems, where nothing is asked. */
  static boolean finds(List<String> names) {
    if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
      return true;
    }
    for (Path file : existing(named(environment(), names))) {
      // the linker stops at the first file of that name, whole or not
      return loads(file);
    }
    List<Path> known = new ArrayList<>(cached(names));
    known.addAll(named(FOLDERS, names));
    return existing(known).stream().anyMatch(LinuxLinker::loads);
  }

  private static List<String> environment() {
    String folders = System.getenv("LD_LIBRARY_PATH");
    return folders == null ? List.of() : List.of(folders.split(":", -1));
  }

  private static List<Path> named(List<String> folders, List<String> names) {
    List<Path> files = new ArrayList<>();
    for (String folder : folders) {
      names.forEach(name -> files.add(Path.of(folder, name)));
    }
    return files;
  }

  private static List<Path> existing(List<Path> files) {
    return files.stream().filter(Files::isRegularFile).toList();
  }

  /** The paths in the linker's cache, which stand there as text between zero bytes. */
  private static List<Path> cached(List<String> names) {
    List<Path> files = new ArrayList<>();
    try {
      if (Files.isRegularFile(CACHE) && Files.size(CACHE) <= MOST_CACHE_BYTES) {
        String text = new String(Files.readAllBytes(CACHE), StandardCharsets.ISO_8859_1);
        for (String part : text.split("\0", -1)) {
          if (names.stream().anyMatch(name -> part.startsWith("/") && part.endsWith("/" + name))) {
            files.add(Path.of(part));
          }
        }
      }
    } catch (IOException e) {
      // without the cache there are still the usual folders
    }
    return files;
  }

  @SuppressWarnings("restricted") // a lint of newer Javas; the jar allows native access
  private static boolean loads(Path file) {
    try {
      System.load(file.toAbsolutePath().toString());
      return true;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }
}
