package dev.lethe.fuzz;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** ZIP archives with right sizes and checksums, whatever the entries hold. */
public final class Archive {
  private Archive() {}

  /** The entries by name, in the archive's order. */
  public static Map<String, byte[]> unpack(byte[] archive) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try {
      Path file = Files.write(Files.createTempFile("archive", ".zip"), archive);
      try (ZipFile zip = new ZipFile(file.toFile())) {
        for (ZipEntry entry : Collections.list(zip.entries())) {
          entries.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
        }
      } finally {
        Files.delete(file);
      }
      return entries;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An archive of these entries. */
  public static byte[] pack(Map<String, byte[]> entries, boolean deflated) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        out.putNextEntry(entry(entry.getKey(), entry.getValue(), deflated));
        out.write(entry.getValue());
        out.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /** The archive with another content of its entry whose name ends so. */
  public static byte[] replace(byte[] archive, String suffix, byte[] content, boolean deflated) {
    Map<String, byte[]> entries = unpack(archive);
    entries.replaceAll((name, old) -> name.endsWith(suffix) ? content : old);
    return pack(entries, deflated);
  }

  /** The content of the entry whose name ends so. */
  public static byte[] entry(byte[] archive, String suffix) {
    return unpack(archive).entrySet().stream()
        .filter(entry -> entry.getKey().endsWith(suffix))
        .findFirst()
        .orElseThrow()
        .getValue();
  }

  private static ZipEntry entry(String name, byte[] content, boolean deflated) {
    ZipEntry entry = new ZipEntry(name);
    if (!deflated) {
      CRC32 crc = new CRC32();
      crc.update(content);
      entry.setMethod(ZipEntry.STORED);
      entry.setSize(content.length);
      entry.setCrc(crc.getValue());
    }
    return entry;
  }
}
