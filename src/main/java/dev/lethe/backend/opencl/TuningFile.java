package dev.lethe.backend.opencl;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.lethe.InputException;
import dev.lethe.io.WholeFiles;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Keeps what {@code lethe tune} has found, for several devices in one file, as {@link TuningJson}
 * has it. The file is not trusted: one that is damaged, too large or of another version is passed
 * over with a line in the log, and what it says of a layer counts only where it names a kernel and
 * tile of the plan. It is replaced whole, and processes that write to it at once lose nothing of
 * each other.
 */
final class TuningFile {
  /** Names another file than that in the user's folder. */
  static final String VARIABLE = "LETHE_TUNING";

  private static final System.Logger LOG = System.getLogger("dev.lethe");
  private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();
  private static final Object LOCK = new Object();
  private static final Pattern BEGINS = Pattern.compile("\\s*\\{\\s*\"" + TuningJson.MARK + "\"");

  /** What measurements of a device are good for. */
  record Key(String device, String platform, String version, String driver, String kernels) {
    static Key of(DeviceFacts facts) {
      return new Key(
          facts.name(), facts.platform(), facts.version(), facts.driver(), KernelSource.digest());
    }

    private boolean sameDevice(Key other) {
      return device.equals(other.device) && platform.equals(other.platform);
    }
  }

  private final Path path;

  TuningFile(Path path) {
    this.path = path;
  }

  /** The one that sessions look into: LETHE_TUNING, or tuning.json beside the compiled programs. */
  static TuningFile ofUser() {
    String own = System.getenv(VARIABLE);
    return own != null && !own.isBlank()
        ? new TuningFile(Path.of(own))
        : new TuningFile(ProgramCache.userFolder().resolve("tuning.json"));
  }

  Path path() {
    return path;
  }

  /** What is known of a device; never fails. */
  TunedLayers load(DeviceFacts facts) {
    if (!Files.exists(path)) {
      return TunedLayers.NONE;
    }
    try {
      Map<Key, TunedLayers> all = read();
      Key key = Key.of(facts);
      TunedLayers own = all.get(key);
      if (own != null) {
        return own;
      }
      if (all.keySet().stream().anyMatch(key::sameDevice)) {
        tell(
            "old ",
            "tuned for another driver or version of Lethe, which is passed over for "
                + facts.name()
                + "; run lethe tune again");
      } else {
        LOG.log(System.Logger.Level.DEBUG, path + ": nothing about " + facts.name());
      }
    } catch (IOException e) {
      tell("damaged ", "passed over, " + reason(e) + "; delete it or run lethe tune again");
    }
    return TunedLayers.NONE;
  }

  /**
   * Says early whether {@link #add} could work.
   *
   * @throws InputException when it could not
   */
  void check() {
    WholeFiles.check(path);
    requireOwn();
  }

  /**
   * Adds to what is known of a device, in place of what there is of the same sizes and precision.
   *
   * @throws InputException when the file cannot be written, or is there and something else
   */
  void add(DeviceFacts facts, TunedLayers found) {
    check();
    Path lock = path.resolveSibling(path.getFileName() + ".lock");
    synchronized (LOCK) {
      try (FileChannel channel =
              FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = channel.lock();
          WholeFiles files = new WholeFiles()) {
        Objects.requireNonNull(held);
        Map<Key, TunedLayers> all = merged(Key.of(facts), found);
        files.add(path, out -> TuningJson.write(all, out));
        files.commit();
      } catch (IOException e) {
        throw new InputException(path + ": cannot be written: " + reason(e), e);
      }
    }
  }

  private Map<Key, TunedLayers> merged(Key key, TunedLayers found) {
    Map<Key, TunedLayers> all = new LinkedHashMap<>();
    try {
      if (Files.exists(path)) {
        all.putAll(read());
      }
    } catch (IOException e) {
      tell("replaced ", "replaced, " + reason(e));
    }
    // what other drivers and kernels were measured with will not come back
    all.keySet().removeIf(other -> other.sameDevice(key) && !other.equals(key));
    all.put(key, all.getOrDefault(key, TunedLayers.NONE).with(found));
    return all;
  }

  private void requireOwn() {
    try {
      if (Files.exists(path) && Files.size(path) > 0) {
        byte[] head;
        try (InputStream in = Files.newInputStream(path)) {
          head = in.readNBytes(64);
        }
        String text = new String(head, StandardCharsets.ISO_8859_1);
        if (!BEGINS.matcher(text).lookingAt()) {
          throw new InputException(
              path + ": is there and holds no tuned values; give another path");
        }
      }
    } catch (IOException e) {
      throw new InputException(path + ": cannot be read: " + reason(e), e);
    }
  }

  /** Once for each file and kind of trouble, however many sessions meet with it. */
  private void tell(String kind, String what) {
    if (TOLD.add(kind + path)) {
      LOG.log(System.Logger.Level.WARNING, path + ": " + what);
    }
  }

  private static String reason(IOException e) {
    if (e instanceof TuningJson.Unsound) {
      return String.valueOf(e.getMessage());
    }
    return e instanceof JsonProcessingException
        ? "it is no sound JSON"
        : e.getClass().getSimpleName() + " " + e.getMessage();
  }

  private Map<Key, TunedLayers> read() throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new TuningJson.Unsound("it is no plain file");
    }
    Path real = path.toRealPath();
    Optional<String> problem = PrivateFolder.fileProblem(real);
    if (problem.isPresent()) {
      throw new TuningJson.Unsound(problem.get());
    }
    if (Files.size(real) > TuningJson.MOST_BYTES) {
      throw new TuningJson.Unsound("it is larger than " + TuningJson.MOST_BYTES + " bytes");
    }
    return TuningJson.read(Files.readAllBytes(real));
  }
}
