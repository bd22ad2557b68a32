package dev.lethe.io;

import dev.lethe.InputException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Files that appear together, each of them whole, or not at all: all are written beside their
 * places first and moved there by {@link #commit()}.
 *
 * <p>Should a move fail after others succeeded, the new files are deleted again; a file that was
 * replaced by then stays replaced. Not for use by several threads.
 */
public final class WholeFiles implements AutoCloseable {
  /** Writes a file's content. */
  @FunctionalInterface
  public interface Content {
    /**
     * Writes it.
     *
     * @param out not to be closed
     * @throws IOException when the stream throws it
     */
    void write(OutputStream out) throws IOException;
  }

  private record Pending(Path temporary, Path target, boolean isNew) {}

  private final List<Pending> pending = new ArrayList<>();

  /** No file yet. */
  public WholeFiles() {}

  /**
   * Says early whether {@link #add} could work: the folder must be there, and a file of that name
   * be a plain one.
   *
   * @param target where a file is to go
   * @throws InputException when it could not
   */
  public static void check(Path target) {
    Path folder = folder(target);
    if (!Files.isDirectory(folder)) {
      throw new InputException(target + ": there is no folder " + folder + "; make it first");
    }
    if (!Files.isWritable(folder)) {
      throw new InputException(target + ": the folder " + folder + " cannot be written to");
    }
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(target)) {
      throw new InputException(target + ": is there and not a plain file; give another path");
    }
  }

  /**
   * Writes a file beside its place.
   *
   * @param target where it is to go
   * @param content writes it, at once
   * @throws InputException when that fails
   */
  public void add(Path target, Content content) {
    check(target);
    // not a secure random number, whose provider takes long to start; CREATE_NEW refuses a file
    // that is there
    String random = Long.toHexString(ThreadLocalRandom.current().nextLong());
    String name = "." + target.getFileName() + "." + random + ".tmp";
    Path temporary = folder(target).resolve(name);
    pending.add(new Pending(temporary, target, !Files.exists(target, LinkOption.NOFOLLOW_LINKS)));
    try (OutputStream file = Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW);
        OutputStream out = new BufferedOutputStream(file, 1 << 16)) {
      content.write(out);
    } catch (IOException e) {
      throw new InputException(target + ": cannot be written: " + Npy.reason(e), e);
    }
  }

  /**
   * Moves all files to their places.
   *
   * @throws InputException when that fails
   */
  public void commit() {
    List<Pending> moved = new ArrayList<>();
    for (Pending file : pending) {
      try {
        move(file.temporary(), file.target());
        moved.add(file);
      } catch (IOException e) {
        moved.stream().filter(Pending::isNew).forEach(done -> delete(done.target()));
        throw new InputException(file.target() + ": cannot be written: " + Npy.reason(e), e);
      }
    }
    pending.clear();
  }

  /** Deletes what has not been moved. */
  @Override
  public void close() {
    pending.forEach(file -> delete(file.temporary()));
    pending.clear();
  }

  private static Path folder(Path target) {
    Path folder = target.toAbsolutePath().getParent();
    return folder == null ? target.toAbsolutePath() : folder;
  }

  /**
   * Puts a finished file in its place, at once where the file system can.
   *
   * @param from in the same folder
   * @param to replaced if it is there
   * @throws IOException when it cannot be moved
   */
  public static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      System.getLogger("dev.lethe").log(System.Logger.Level.WARNING, file + " is left behind", e);
    }
  }
}
