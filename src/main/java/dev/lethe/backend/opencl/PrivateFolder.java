package dev.lethe.backend.opencl;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Tells which folders nobody but this user can put files into. What is kept there is code, or
 * decides which code runs, so a folder that somebody else may write to is as good as none.
 *
 * <p>Where the file system has no owners of this kind (Windows), the owner alone is compared: there
 * folders inherit the protection of the user's profile.
 */
final class PrivateFolder {
  private static final System.Logger LOG = System.getLogger("dev.lethe");
  private static final Set<Path> TOLD = ConcurrentHashMap.newKeySet();
  private static final int GROUP_WRITES = 0020;
  private static final int OTHERS_WRITE = 0002;
  private static final int STICKY = 01000;

  private PrivateFolder() {}

  /** Makes a folder, if it is not there, that is this user's alone. */
  static void create(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    if (posix(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectories(folder);
    }
  }

  /**
   * The folder, free of links, if it is there and may be used; one that may not be is named once in
   * the log, with the reason.
   */
  static Optional<Path> trusted(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    // links could point elsewhere the next time
    Path real = folder.toRealPath();
    Optional<String> problem = problem(real);
    if (problem.isPresent()) {
      if (TOLD.add(folder)) {
        LOG.log(
            System.Logger.Level.WARNING, folder + ": not used as a cache, since " + problem.get());
      }
      return Optional.empty();
    }
    return Optional.of(real);
  }

  private static Optional<String> problem(Path folder) throws IOException {
    if (!owner(folder).equals(self())) {
      return Optional.of(folder + " belongs to " + Files.getOwner(folder).getName());
    }
    if (posix(folder) && (mode(folder) & (GROUP_WRITES | OTHERS_WRITE)) != 0) {
      return Optional.of("others may write to " + folder + " (chmod go-w makes it private)");
    }
    return replaceable(folder);
  }

  /**
   * Why a file that decides what runs may have been written by somebody else: anybody but this user
   * and the administrator.
   *
   * @param file free of links
   */
  static Optional<String> fileProblem(Path file) throws IOException {
    Object owner = owner(file);
    if (!owner.equals(self()) && !owner.equals(administrator(file))) {
      return Optional.of("it belongs to " + Files.getOwner(file).getName());
    }
    if (posix(file) && (mode(file) & OTHERS_WRITE) != 0) {
      return Optional.of("everybody may write to it");
    }
    return replaceable(file);
  }

  /** Why somebody else could put another file or folder in the place of this one. */
  private static Optional<String> replaceable(Path path) throws IOException {
    if (!posix(path)) {
      return Optional.empty();
    }
    Object self = self();
    Object administrator = administrator(path);
    for (Path above = path.getParent(); above != null; above = above.getParent()) {
      Object owner = owner(above);
      if (!owner.equals(self) && !owner.equals(administrator)) {
        return Optional.of(above + " belongs to " + Files.getOwner(above).getName());
      }
      int mode = mode(above);
      // in a sticky folder, such as /tmp, others cannot move what is not theirs
      if ((mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
        return Optional.of("everybody may write to " + above);
      }
    }
    return Optional.empty();
  }

  private static boolean posix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix");
  }

  private static int mode(Path path) throws IOException {
    return (Integer) Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS);
  }

  /** A user's number or, where there is none, what stands for the user; to be compared. */
  private static Object owner(Path path) throws IOException {
    // not the name, which may have to be asked for over a network
    return posix(path) ? Files.getAttribute(path, "unix:uid") : Files.getOwner(path);
  }

  // in a container, root may have another number than 0
  private static Object administrator(Path path) throws IOException {
    Path root = path.getRoot();
    return owner(root == null ? path : root);
  }

  /** Not by the property user.name, which anybody may set and some containers lack. */
  private static Object self() throws IOException {
    Path process = Path.of("/proc/self");
    if (Files.isDirectory(process)) {
      return owner(process);
    }
    Path probe = Files.createTempFile("lethe", "");
    try {
      return owner(probe);
    } finally {
      Files.delete(probe);
    }
  }
}
