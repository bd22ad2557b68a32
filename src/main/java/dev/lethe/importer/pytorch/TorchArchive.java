package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import dev.lethe.io.Zip;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The ZIP archive of torch.save: FOLDER/data.pkl, FOLDER/byteorder, FOLDER/data/KEY, none of them
 * compressed.
 */
final class TorchArchive {
  private static final String PICKLE = "data.pkl";
  private static final int LONGEST_PICKLE = 1 << 22;
  private static final int LONGEST_ENTRY = Integer.MAX_VALUE - 8;

  private final Path file;
  private final String folder;
  private final Map<String, ZipEntry> entries;

  private TorchArchive(Path file, String folder, Map<String, ZipEntry> entries) {
    this.file = file;
    this.folder = folder;
    this.entries = entries;
  }

  /**
   * Reads the directory.
   *
   * @throws ModelFormatException when the file is no such archive or is damaged
   */
  static TorchArchive open(Path file) {
    checkMagic(file);
    try (ZipFile zip = Zip.open(file)) {
      Map<String, ZipEntry> entries = new LinkedHashMap<>();
      zip.stream().forEach(entry -> entries.put(entry.getName(), entry));
      // compressed entries, which TorchScript has for its code, are not read
      long total =
          entries.values().stream()
              .filter(entry -> entry.getMethod() == ZipEntry.STORED)
              .mapToLong(entry -> Math.max(0, entry.getSize()))
              .sum();
      if (total > Files.size(file)) {
        throw new ModelFormatException(
            file + ": its entries claim " + total + " bytes, the file has " + Files.size(file));
      }
      return new TorchArchive(file, folder(file, entries), entries);
    } catch (ZipException e) {
      throw new ModelFormatException(file + ": a damaged file: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new ModelFormatException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  Path file() {
    return file;
  }

  /** The bytes of the pickle. */
  byte[] pickle() {
    ZipEntry entry = entry(folder + PICKLE);
    if (entry.getSize() > LONGEST_PICKLE) {
      throw error(entry.getName(), "has " + entry.getSize() + " bytes, too many for names");
    }
    return bytes(entry);
  }

  /** Bytes of all storages together. */
  long storageBytes() {
    return entries.values().stream()
        .filter(entry -> entry.getName().startsWith(folder + "data/"))
        .mapToLong(ZipEntry::getSize)
        .sum();
  }

  /** Bytes of one storage. */
  long storageSize(String key) {
    return entry(folder + "data/" + key).getSize();
  }

  /** One storage, in the byte order of the machine that wrote it. */
  ByteBuffer storage(String key) {
    return ByteBuffer.wrap(bytes(entry(folder + "data/" + key))).order(byteOrder());
  }

  private ByteOrder byteOrder() {
    ZipEntry entry = entries.get(folder + "byteorder");
    String order =
        entry == null || entry.getSize() > 16
            ? "little"
            : new String(bytes(entry), StandardCharsets.US_ASCII);
    return switch (order) {
      case "little" -> ByteOrder.LITTLE_ENDIAN;
      case "big" -> ByteOrder.BIG_ENDIAN;
      default ->
          throw error(
              folder + "byteorder",
              "says '" + TensorPickle.printable(order) + "'; it must be little or big");
    };
  }

  private ZipEntry entry(String name) {
    ZipEntry entry = entries.get(name);
    if (entry == null) {
      throw error(name, "is missing");
    }
    boolean stored = entry.getMethod() == ZipEntry.STORED;
    if (!stored || entry.getSize() != entry.getCompressedSize()) {
      throw error(name, "is compressed; torch.save compresses nothing: save the file again");
    }
    if (entry.getSize() < 0 || entry.getSize() > LONGEST_ENTRY) {
      throw error(name, "has " + entry.getSize() + " bytes; Lethe reads up to 2 GiB in one piece");
    }
    return entry;
  }

  private byte[] bytes(ZipEntry entry) {
    try (ZipFile zip = new ZipFile(file.toFile());
        InputStream in = zip.getInputStream(entry)) {
      byte[] bytes = in.readNBytes((int) entry.getSize());
      CRC32 crc = new CRC32();
      crc.update(bytes);
      if (bytes.length != entry.getSize() || crc.getValue() != entry.getCrc()) {
        throw error(entry.getName(), "has a wrong checksum; the file is damaged");
      }
      return bytes;
    } catch (IOException e) {
      throw error(entry.getName(), "cannot be read: " + e.getMessage());
    }
  }

  private static void checkMagic(Path file) {
    byte[] start;
    try (InputStream in = Files.newInputStream(file)) {
      start = in.readNBytes(4);
    } catch (IOException e) {
      throw new ModelFormatException(file + ": cannot be read: " + e.getMessage(), e);
    }
    if (start.length > 0 && start[0] == (byte) 0x80) {
      throw new ModelFormatException(
          file
              + ": in the format of PyTorch before 1.6, which Lethe does not read; save it again"
              + " with PyTorch 1.6 or later: torch.save(torch.load(FILE), FILE)");
    }
    if (start.length < 4 || start[0] != 'P' || start[1] != 'K') {
      throw new ModelFormatException(file + ": not a file of torch.save; " + PickleGlobal.ADVICE);
    }
  }

  /** What stands before data.pkl, with its slash. */
  private static String folder(Path file, Map<String, ZipEntry> entries) {
    for (String name : entries.keySet()) {
      if (name.endsWith("/" + PICKLE) && name.indexOf('/') == name.lastIndexOf('/')) {
        return name.substring(0, name.length() - PICKLE.length());
      }
    }
    throw new ModelFormatException(
        file
            + ": has no "
            + PICKLE
            + ", so it is not a file of torch.save; "
            + PickleGlobal.ADVICE);
  }

  private ModelFormatException error(String entry, String message) {
    return new ModelFormatException(
        file + ", entry '" + TensorPickle.printable(entry) + "': " + message);
  }
}
