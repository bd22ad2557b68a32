package dev.lethe.importer.keras;

import dev.lethe.ModelFormatException;
import dev.lethe.io.Zip;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The parts of a .keras file. Nothing is unpacked to disk, and nothing becomes larger than the
 * archive says.
 *
 * @param config config.json
 * @param metadata metadata.json
 * @param weights model.weights.h5, an HDF5 file
 * @param size bytes of the archive
 */
record KerasZip(String config, String metadata, byte[] weights, long size) {
  private static final long LONGEST_JSON = 64 << 20;
  private static final long LARGEST_WEIGHTS = Integer.MAX_VALUE - 16;

  /**
   * Reads the archive.
   *
   * @throws ModelFormatException when it is damaged or would grow beyond all reason
   */
  static KerasZip read(Path file) {
    try (ZipFile zip = Zip.open(file)) {
      checkNames(file, zip);
      return new KerasZip(
          text(file, zip, "config.json"),
          text(file, zip, "metadata.json"),
          bytes(file, zip, "model.weights.h5", LARGEST_WEIGHTS),
          Files.size(file));
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
      throw new ModelFormatException(file + ": not a whole .keras archive: " + reason, e);
    }
  }

  private static void checkNames(Path file, ZipFile zip) {
    Enumeration<? extends ZipEntry> entries = zip.entries();
    while (entries.hasMoreElements()) {
      String name = entries.nextElement().getName();
      boolean leaves = name.startsWith("/") || name.contains("\\") || name.contains("..");
      if (leaves || name.contains(":")) {
        throw new ModelFormatException(
            file + ": entry '" + Config.shown(name) + "' would leave the archive's folder");
      }
    }
  }

  private static String text(Path file, ZipFile zip, String name) throws IOException {
    return new String(bytes(file, zip, name, LONGEST_JSON), StandardCharsets.UTF_8);
  }

  private static byte[] bytes(Path file, ZipFile zip, String name, long limit) throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new ModelFormatException(file + ": has no " + name + "; a .keras archive has one");
    }
    long size = entry.getSize();
    if (size < 0 || size > limit || size / Zip.MAX_RATIO > entry.getCompressedSize()) {
      throw new ModelFormatException(
          file + ": " + name + " would be " + size + " bytes, of at most " + limit);
    }
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] bytes = in.readNBytes((int) size);
      if (bytes.length != size || in.read() >= 0) {
        throw new ZipException(name + " is not as long as the archive says");
      }
      CRC32 crc = new CRC32();
      crc.update(bytes);
      if (crc.getValue() != entry.getCrc()) {
        throw new ZipException(name + " has a wrong checksum");
      }
      return bytes;
    }
  }
}
