package dev.lethe.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** ZIP archives by strangers' hands. */
public final class Zip {
  /** The most by which deflate can shrink: what claims more is a lie. */
  public static final long MAX_RATIO = 1032;

  private Zip() {}

  /**
   * Opens an archive all of whose entries have names. {@link ZipFile} lets some pass whose bytes
   * are no text, and says so by another exception only when they are listed or looked for.
   *
   * @param file an archive
   * @return the archive, open
   * @throws ZipException when the file is none, or is damaged
   * @throws IOException when the file cannot be read
   */
  public static ZipFile open(Path file) throws IOException {
    ZipFile zip = new ZipFile(file.toFile());
    try {
      zip.entries().asIterator().forEachRemaining(entry -> {});
      return zip;
    } catch (IllegalArgumentException e) {
      zip.close();
      ZipException damaged = new ZipException("the name of an entry is not text");
      damaged.initCause(e);
      throw damaged;
    }
  }
}
