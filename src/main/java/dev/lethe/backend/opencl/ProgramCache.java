package dev.lethe.backend.opencl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Keeps compiled programs on disk, one file each, named by a digest of device, driver, options and
 * source.
 *
 * <p>Layout of a file: the digest (32 bytes), a digest of the binary (32 bytes), the binary. A file
 * that is damaged, or a folder that others may write to, is passed over: compiling again is always
 * right, so no failure here is one for the caller. Processes may share a folder: files appear
 * whole, by renaming.
 */
final class ProgramCache {
  /** Names another folder than the user's. */
  static final String VARIABLE = "LETHE_CACHE";

  /** A larger binary is not kept. */
  static final long MOST_BYTES = 64L << 20;

  private static final System.Logger LOG = System.getLogger("dev.lethe");
  private static final int DIGEST_BYTES = 32;
  private final Path folder;

  ProgramCache(Path folder) {
    this.folder = folder;
  }

  /** In {@link #userFolder()}. */
  static ProgramCache inUserFolder() {
    return new ProgramCache(userFolder());
  }

  /** LETHE_CACHE, or XDG_CACHE_HOME/lethe, or ~/.cache/lethe. */
  static Path userFolder() {
    String own = System.getenv(VARIABLE);
    if (own != null && !own.isBlank()) {
      return Path.of(own);
    }
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base =
        xdg != null && !xdg.isBlank()
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home", "."), ".cache");
    return base.resolve("lethe");
  }

  /** The digest of all that a binary depends on. */
  static String key(DeviceFacts facts, String options, String source) {
    MessageDigest digest = sha256();
    for (String part :
        new String[] {
          facts.platform(),
          facts.vendor(),
          facts.name(),
          facts.version(),
          facts.driver(),
          options,
          source
        }) {
      byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The binary, if a whole one is there. */
  Optional<byte[]> load(String key) {
    try {
      Optional<Path> trusted = PrivateFolder.trusted(folder);
      if (trusted.isEmpty()) {
        return Optional.empty();
      }
      Path file = file(trusted.get(), key);
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
          || Files.size(file) > MOST_BYTES + 2 * DIGEST_BYTES) {
        return Optional.empty();
      }
      return binary(key, Files.readAllBytes(file));
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "program cache: cannot read " + key, e);
      return Optional.empty();
    }
  }

  /** Keeps a binary, if that is possible. */
  void store(String key, byte[] binary) {
    try {
      PrivateFolder.create(folder);
      Optional<Path> trusted = PrivateFolder.trusted(folder);
      if (trusted.isEmpty()) {
        return;
      }
      Path part = Files.createTempFile(trusted.get(), key, ".part");
      try {
        ByteBuffer whole = ByteBuffer.allocate(2 * DIGEST_BYTES + binary.length);
        whole.put(HexFormat.of().parseHex(key)).put(sha256().digest(binary)).put(binary);
        Files.write(part, whole.array());
        Files.move(
            part,
            file(trusted.get(), key),
            StandardCopyOption.ATOMIC_MOVE,
            StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "program cache: cannot write to " + folder, e);
    }
  }

  private static Optional<byte[]> binary(String key, byte[] whole) {
    if (whole.length <= 2 * DIGEST_BYTES) {
      return Optional.empty();
    }
    byte[] binary = Arrays.copyOfRange(whole, 2 * DIGEST_BYTES, whole.length);
    boolean sound =
        Arrays.equals(HexFormat.of().parseHex(key), Arrays.copyOf(whole, DIGEST_BYTES))
            && Arrays.equals(
                sha256().digest(binary), Arrays.copyOfRange(whole, DIGEST_BYTES, 2 * DIGEST_BYTES));
    return sound ? Optional.of(binary) : Optional.empty();
  }

  private static Path file(Path folder, String key) {
    return folder.resolve(key + ".clbin");
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
