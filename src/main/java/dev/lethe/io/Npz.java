package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Several arrays by name in a file (NumPy's .npz, as savez and savez_compressed write it). */
public final class Npz {
  static final String SUFFIX = ".npy";

  /**
   * Not the first moment of 1980, which stands for "earlier" and adds a field in the local time
   * zone.
   */
  private static final LocalDateTime TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

  private Npz() {}

  /**
   * Reads every array.
   *
   * @param file an .npz
   * @return by name, in the file's order
   * @throws InputException when there is no such file, it is damaged, or an array does not fit
   */
  public static Map<String, Tensor> read(Path file) {
    try (ZipFile zip = open(file)) {
      checkTotal(zip, file);
      Map<String, Tensor> arrays = new LinkedHashMap<>();
      for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements(); ) {
        ZipEntry entry = all.nextElement();
        String where = file + ", entry '" + entry.getName() + "'";
        if (arrays.put(name(entry, where), array(zip, entry, where)) != null) {
          throw new InputException(where + ": stands twice; each array needs a name of its own");
        }
      }
      return arrays;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Writes arrays, uncompressed, in the map's order. The file appears whole or not at all; the same
   * arrays give the same bytes.
   *
   * @param file where it goes, in a folder that is there
   * @param arrays by name
   * @throws InputException when the file cannot be written
   */
  public static void write(Path file, Map<String, Tensor> arrays) {
    try (WholeFiles files = new WholeFiles()) {
      files.add(file, out -> write(out, arrays));
      files.commit();
    }
  }

  /**
   * Writes an archive to a stream.
   *
   * @param out left open
   * @param arrays by name, written in the map's order
   * @throws InputException when a name is empty
   * @throws IOException when the stream throws it
   */
  public static void write(OutputStream out, Map<String, Tensor> arrays) throws IOException {
    ZipOutputStream zip = new ZipOutputStream(out);
    for (Map.Entry<String, Tensor> array : arrays.entrySet()) {
      if (array.getKey().isEmpty()) {
        throw new InputException("an array of an .npz must have a name");
      }
      zip.putNextEntry(stored(array.getKey(), array.getValue()));
      Npy.write(zip, array.getValue());
      zip.closeEntry();
    }
    zip.finish();
  }

  private static ZipEntry stored(String name, Tensor tensor) {
    byte[] header = NpyHeader.encode(NpyElement.of(tensor.type()), tensor.shape());
    CRC32 crc = new CRC32();
    crc.update(header);
    crc.update(Npy.littleEndian(tensor));
    return stored(name, header.length + (long) tensor.bytes().capacity(), crc);
  }

  private static ZipEntry stored(String name, long size, CRC32 crc) {
    ZipEntry entry = new ZipEntry(name + SUFFIX);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(size);
    entry.setCrc(crc.getValue());
    entry.setTimeLocal(TIME);
    return entry;
  }

  /**
   * The names of the arrays.
   *
   * @param file an .npz
   * @return in the file's order
   * @throws InputException when there is no such file, or it is damaged
   */
  public static List<String> names(Path file) {
    try (ZipFile zip = open(file)) {
      checkTotal(zip, file);
      return zip.stream()
          .map(entry -> name(entry, file + ", entry '" + entry.getName() + "'"))
          .toList();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Writes an archive of .npy files, uncompressed, in the map's order; of any size.
   *
   * @param out left open
   * @param arrays files by the names of their arrays
   * @throws IOException when the stream throws it, or a file cannot be read
   */
  public static void pack(OutputStream out, Map<String, Path> arrays) throws IOException {
    ZipOutputStream zip = new ZipOutputStream(out);
    for (Map.Entry<String, Path> array : arrays.entrySet()) {
      CRC32 crc = new CRC32();
      try (InputStream in = new CheckedInputStream(Files.newInputStream(array.getValue()), crc)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      zip.putNextEntry(stored(array.getKey(), Files.size(array.getValue()), crc));
      Files.copy(array.getValue(), zip);
      zip.closeEntry();
    }
    zip.finish();
  }

  /** Opens an archive. */
  static ZipFile open(Path file) throws IOException {
    GivenFile.require(file, "the path of an .npz archive");
    return Zip.open(file);
  }

  /** What to say of an archive that cannot be read. */
  static InputException unreadable(Path file, IOException e) {
    return e instanceof ZipException
        ? new InputException(file + ": not an .npz archive, or a damaged one: " + Npy.reason(e), e)
        : Npy.unreadable(file, e);
  }

  /** Entries that share their bytes make a small file say much; entries side by side cannot. */
  static void checkTotal(ZipFile zip, Path file) throws IOException {
    long total = zip.stream().mapToLong(entry -> Math.max(0, entry.getCompressedSize())).sum();
    if (total > Files.size(file)) {
      throw new InputException(
          file
              + ": the entries claim "
              + total
              + " bytes, the file has "
              + Files.size(file)
              + "; the archive is damaged");
    }
  }

  private static String name(ZipEntry entry, String where) {
    String name = entry.getName();
    if (entry.isDirectory() || !name.endsWith(SUFFIX) || name.length() == SUFFIX.length()) {
      throw new InputException(where + ": not an array; an .npz archive holds .npy files only");
    }
    return name.substring(0, name.length() - SUFFIX.length());
  }

  private static Tensor array(ZipFile zip, ZipEntry entry, String where) throws IOException {
    checkEntry(entry, where);
    CRC32 crc = new CRC32();
    try (InputStream in = new CheckedInputStream(zip.getInputStream(entry), crc)) {
      NpyHeader header = NpyHeader.read(in, where);
      header.checkSize(entry.getSize() - header.offset(), where);
      Tensor tensor = NpyData.read(in, header, where);
      checkEnd(in, entry, crc, where);
      return tensor;
    }
  }

  /** Refuses an entry that claims more than it can hold. */
  static void checkEntry(ZipEntry entry, String where) {
    boolean stored = entry.getMethod() == ZipEntry.STORED;
    if (!stored && entry.getMethod() != ZipEntry.DEFLATED) {
      throw new InputException(
          where
              + ": compressed with method "
              + entry.getMethod()
              + "; only stored and deflated entries are read");
    }
    long most = stored ? entry.getCompressedSize() : entry.getCompressedSize() * Zip.MAX_RATIO;
    if (entry.getSize() < 0 || entry.getSize() > most) {
      throw new InputException(
          where
              + ": claims "
              + entry.getSize()
              + " bytes out of "
              + entry.getCompressedSize()
              + ", more than it can hold; the archive is damaged");
    }
  }

  /** Refuses an entry that goes on, or whose bytes were others when it was written. */
  static void checkEnd(InputStream in, ZipEntry entry, CRC32 crc, String where) throws IOException {
    if (in.read() >= 0) {
      throw new InputException(
          where + ": holds more than the " + entry.getSize() + " bytes that it claims");
    }
    if (crc.getValue() != entry.getCrc()) {
      throw new InputException(where + ": its checksum is wrong; the archive is damaged");
    }
  }
}
