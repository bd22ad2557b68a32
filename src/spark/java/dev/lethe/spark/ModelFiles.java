package dev.lethe.spark;

import dev.lethe.InputException;
import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;

/**
 * A model's bytes, as they travel from the driver to the executors: its file, and those beside it
 * that have its name up to the first dot (a description, a configuration, external weights).
 */
final class ModelFiles implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String folder;
  private final String name;
  private final TreeMap<String, byte[]> contents;
  private final String digest;

  private ModelFiles(String folder, String name, Map<String, byte[]> contents) {
    this.folder = folder;
    this.name = name;
    this.contents = new TreeMap<>(contents);
    this.digest = digest(name, this.contents);
  }

  /**
   * Which files these are now, without reading them.
   *
   * @return equal for two calls between which no file was written
   * @throws InputException when there is no such file
   */
  static List<String> stamp(String path, Configuration hadoop) {
    try {
      List<String> stamp = new ArrayList<>();
      for (FileStatus file : list(path, hadoop)) {
        stamp.add(file.getPath() + " " + file.getLen() + " " + file.getModificationTime());
      }
      return stamp;
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /**
   * Reads them from any file system that Spark knows.
   *
   * @throws InputException when there is no such file, or one of 2 GiB and more
   */
  static ModelFiles read(String path, Configuration hadoop) {
    try {
      FileSystem system = new org.apache.hadoop.fs.Path(path).getFileSystem(hadoop);
      Map<String, byte[]> contents = new TreeMap<>();
      for (FileStatus file : list(path, hadoop)) {
        if (file.getLen() > Integer.MAX_VALUE - 16) {
          throw new InputException(
              file.getPath() + ": 2 GiB or more, which does not travel to the executors");
        }
        byte[] bytes = new byte[(int) file.getLen()];
        try (FSDataInputStream in = system.open(file.getPath())) {
          in.readFully(0, bytes);
        }
        contents.put(file.getPath().getName(), bytes);
      }
      org.apache.hadoop.fs.Path model = new org.apache.hadoop.fs.Path(path);
      return new ModelFiles(
          String.valueOf(system.makeQualified(model).getParent()), model.getName(), contents);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  private static List<FileStatus> list(String path, Configuration hadoop) throws IOException {
    org.apache.hadoop.fs.Path model = new org.apache.hadoop.fs.Path(path);
    FileSystem system = model.getFileSystem(hadoop);
    if (!system.exists(model) || !system.getFileStatus(model).isFile()) {
      throw new InputException(
          system.makeQualified(model) + ": no such file; modelPath is the path of a model");
    }
    String stem = model.getName().replaceFirst("\\..*", "") + ".";
    List<FileStatus> files = new ArrayList<>();
    files.add(system.getFileStatus(model));
    for (FileStatus file : system.listStatus(system.makeQualified(model).getParent())) {
      String name = file.getPath().getName();
      if (file.isFile() && name.startsWith(stem) && !name.equals(model.getName())) {
        files.add(file);
      }
    }
    return files;
  }

  private static InputException unreadable(String path, IOException cause) {
    return new InputException(path + ": cannot be read: " + cause, cause);
  }

  /** {@return a name for the content: equal for equal models, wherever they were read} */
  String digest() {
    return digest;
  }

  /**
   * The network, by way of a temporary folder that no other user can enter.
   *
   * @throws ModelFormatException when the file is damaged or holds what Lethe does not run
   */
  Network load() {
    try {
      Path temporary = Files.createTempDirectory("lethe");
      try {
        for (Map.Entry<String, byte[]> file : contents.entrySet()) {
          Files.write(temporary.resolve(file.getKey()), file.getValue());
        }
        return Network.load(temporary.resolve(name));
      } catch (ModelFormatException e) {
        throw new ModelFormatException(e.getMessage().replace(temporary.toString(), folder), e);
      } finally {
        delete(temporary);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (java.util.stream.Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private static String digest(String name, Map<String, byte[]> contents) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      update(digest, name.getBytes(StandardCharsets.UTF_8));
      contents.forEach(
          (file, bytes) -> {
            update(digest, file.getBytes(StandardCharsets.UTF_8));
            update(digest, bytes);
          });
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static void update(MessageDigest digest, byte[] bytes) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    digest.update(bytes);
  }
}
