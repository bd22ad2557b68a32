package dev.lethe.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.api.BugDetectors;
import com.code_intelligence.jazzer.api.SilentCloseable;
import com.sun.management.ThreadMXBean;
import dev.lethe.DeviceException;
import dev.lethe.InputException;
import dev.lethe.LetheException;
import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import dev.lethe.network.Stage;
import dev.lethe.network.Value;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A folder of files that a stranger made, for one reader. Whatever the bytes are, the reader ends
 * with a result or with one of Lethe's own exceptions and its one line, leaves the folder's
 * surroundings alone, and allocates within a bound.
 *
 * <p>In fuzzing mode Jazzer adds its detectors: a path outside of the folder is a finding, unless
 * it is where the system tells of its processors, as a session on the CPU asks.
 */
public final class Stranger implements AutoCloseable {
  /** What reading may allocate however small the files are. */
  private static final long ALLOCATED = 64L << 20;

  /** What reading may allocate for a byte of a file whose content is not compressed. */
  public static final long PLAIN = 1 << 10;

  /** Likewise where it may be, by deflate, which packs 1032 to 1. */
  public static final long PACKED = 16 * 1032;

  /** Longer than any sentence. */
  private static final int LONGEST_MESSAGE = 4096;

  private static final int MOST_OPERATIONS = 1 << 20;
  private static final Path PROCESSORS = Path.of("/sys/devices/system/cpu");
  private static final Path RESOURCES = Path.of("src/test/resources/dev/lethe");
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /**
   * What runs have allocated, which does not count: until it is compiled, the Vector API makes
   * objects of all vectors.
   */
  private static long byRuns;

  /** Reads a file. */
  @FunctionalInterface
  public interface Reader {
    /** Reads it. */
    void read(Path file) throws IOException;
  }

  private final Path root;
  private final Path folder;
  private final long perByte;
  private long bytes;

  /**
   * An empty folder.
   *
   * @param perByte {@link #PLAIN} or {@link #PACKED}
   */
  public Stranger(long perByte) {
    this.perByte = perByte;
    try {
      root = Files.createTempDirectory("stranger");
      folder = Files.createDirectory(root.resolve("files"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The committed files of a kind, none larger than {@code most} bytes. */
  public static Stream<byte[]> seeds(String suffix, int most) {
    try (Stream<Path> files = Files.walk(RESOURCES)) {
      return files
          .filter(file -> file.toString().endsWith(suffix) && file.toFile().length() <= most)
          .filter(file -> !file.toString().contains("FuzzTestInputs"))
          .sorted()
          .map(Stranger::bytes)
          .toList()
          .stream();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file's content. */
  public static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a file to the folder. */
  public Stranger with(String name, byte[] content) {
    try {
      Files.write(folder.resolve(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    bytes += content.length;
    return this;
  }

  /** Hands a file, or with an empty name the folder, to a reader. */
  public void readBy(Reader reader, String name) {
    Path file = folder.resolve(name);
    long before = allocated() - byRuns;
    SilentCloseable jail = jail();
    try {
      reader.read(file);
    } catch (InputException | ModelFormatException e) {
      check(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      jail.close();
    }
    long allocated = allocated() - byRuns - before;
    long most = ALLOCATED + perByte * bytes;
    assertTrue(
        allocated <= most,
        () -> bytes + " bytes made it allocate " + allocated + ", at most " + most + " is right");
  }

  private static long allocated() {
    return THREADS.getCurrentThreadAllocatedBytes();
  }

  private SilentCloseable jail() {
    return System.getProperty("JAZZER_FUZZ") == null
        ? () -> {}
        : BugDetectors.setFilePathTraversalAllowPath(
            path -> {
              Path normal = path.toAbsolutePath().normalize();
              return normal.startsWith(root) || normal.startsWith(PROCESSORS);
            });
  }

  private static void check(LetheException e) {
    assertEquals(1, e.getMessage().lines().count(), e::getMessage);
    assertTrue(e.getMessage().length() <= LONGEST_MESSAGE, e::getMessage);
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof OutOfMemoryError) {
        throw new AssertionError("it asked for more memory than there is", e);
      }
    }
  }

  /** Loads a model and opens it on the CPU; runs it where that is quick. */
  public static void load(Path file) {
    Network network = Network.load(file);
    assertEquals(network.stages(), network.stages());
    Map<String, Integer> sizes = new LinkedHashMap<>();
    for (Port port : network.inputs()) {
      port.shape().dims().forEach(dim -> dim.symbols().forEach(name -> sizes.put(name, 2)));
    }
    if (!isSmall((Graph) network, sizes)) {
      return;
    }
    try (Session session = network.open(new Options("cpu", 1))) {
      Map<String, Tensor> inputs = new LinkedHashMap<>();
      for (Port port : network.inputs()) {
        if (!port.optional()) {
          inputs.put(port.name(), Tensor.allocate(port.type(), port.shape().resolve(sizes)));
        }
      }
      long before = allocated();
      session.run(inputs);
      byRuns += allocated() - before;
    } catch (DeviceException e) {
      check(e);
    }
  }

  private static boolean isSmall(Graph network, Map<String, Integer> sizes) {
    long elements = network.parameters() + network.operations(sizes);
    for (Port port : network.inputs()) {
      elements += elements(port.shape(), sizes);
    }
    for (Stage stage : network.steps()) {
      for (Value value : stage.outputs()) {
        elements += elements(value.shape(), sizes);
      }
    }
    return elements <= MOST_OPERATIONS;
  }

  /** At most a little more than is small. */
  private static long elements(Shape shape, Map<String, Integer> sizes) {
    double count = 1;
    for (int length : shape.resolve(sizes)) {
      count *= length;
    }
    return (long) Math.min(count, MOST_OPERATIONS + 1);
  }

  /** Deletes everything. */
  @Override
  public void close() {
    try (Stream<Path> all = Files.walk(root)) {
      all.sorted(Comparator.reverseOrder()).forEach(Stranger::delete);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path file) {
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
