package dev.lethe.backend.opencl;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.lethe.InputException;
import dev.lethe.Precision;
import dev.lethe.io.WholeFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what {@code lethe tune} has found, for several devices in one JSON file:
 *
 * <pre>
 * {"lethe_tuning": 1, "devices": [{"device", "platform", "version", "driver", "kernels", "layers":
 *   [{"T", "B", "I", "H", "directions", "precision", "kernel", "tile": [], "product": [], "ms"}]}]}
 * </pre>
 *
 * <p>"kernels" is a digest of their sources. The file is not trusted: one that is damaged, too
 * large or of another version is passed over with a line in the log, and what it says of a layer
 * counts only where it names a kernel and tile of the plan. It is replaced whole, and processes
 * that write to it at once lose nothing of each other.
 */
final class TuningFile {
  /** Names another file than that in the user's folder. */
  static final String VARIABLE = "LETHE_TUNING";

  private static final System.Logger LOG = System.getLogger("dev.lethe");
  private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();
  private static final Object LOCK = new Object();
  private static final String MARK = "lethe_tuning";
  private static final int VERSION = 1;
  private static final long MOST_BYTES = 4 << 20;
  private static final int MOST_SIZE = 1 << 30;
  private static final int MOST_NUMBERS = 8;
  private static final Pattern BEGINS = Pattern.compile("\\s*\\{\\s*\"" + MARK + "\"");
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(8)
                  .maxStringLength(4096)
                  .maxNumberLength(32)
                  .maxDocumentLength(MOST_BYTES)
                  .build())
          .build();

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

  /** The file says something that it should not. */
  private static final class Unsound extends IOException {
    private static final long serialVersionUID = 1;

    Unsound(String what) {
      super(what);
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
  void add(DeviceFacts facts, List<TunedLayers.Entry> found) {
    check();
    Path lock = path.resolveSibling(path.getFileName() + ".lock");
    synchronized (LOCK) {
      try (FileChannel channel =
              FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock held = channel.lock();
          WholeFiles files = new WholeFiles()) {
        Objects.requireNonNull(held);
        Map<Key, TunedLayers> all = merged(Key.of(facts), found);
        files.add(path, out -> write(all, out));
        files.commit();
      } catch (IOException e) {
        throw new InputException(path + ": cannot be written: " + reason(e), e);
      }
    }
  }

  private Map<Key, TunedLayers> merged(Key key, List<TunedLayers.Entry> found) {
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
    List<TunedLayers.Entry> entries =
        new ArrayList<>(all.getOrDefault(key, TunedLayers.NONE).entries());
    for (TunedLayers.Entry entry : found) {
      entries.removeIf(
          old -> old.sizes().equals(entry.sizes()) && old.precision() == entry.precision());
      entries.add(entry);
    }
    all.put(key, new TunedLayers(entries));
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
    if (e instanceof Unsound) {
      return String.valueOf(e.getMessage());
    }
    return e instanceof JsonProcessingException
        ? "it is no sound JSON"
        : e.getClass().getSimpleName() + " " + e.getMessage();
  }

  private Map<Key, TunedLayers> read() throws IOException {
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new Unsound("it is no plain file");
    }
    Path real = path.toRealPath();
    Optional<String> problem = PrivateFolder.fileProblem(real);
    if (problem.isPresent()) {
      throw new Unsound(problem.get());
    }
    if (Files.size(real) > MOST_BYTES) {
      throw new Unsound("it is larger than " + MOST_BYTES + " bytes");
    }
    Object root;
    try (JsonParser parser = JSON.createParser(Files.readAllBytes(real))) {
      parser.nextToken();
      root = value(parser);
      if (parser.nextToken() != null) {
        throw new Unsound("something follows its end");
      }
    }
    Map<?, ?> file = map(root);
    if (!Long.valueOf(VERSION).equals(file.get(MARK))) {
      throw new Unsound("it is not of version " + VERSION);
    }
    Map<Key, TunedLayers> all = new LinkedHashMap<>();
    for (Object device : list(file.get("devices"))) {
      Map<?, ?> fields = map(device);
      Key key =
          new Key(
              text(fields, "device"),
              text(fields, "platform"),
              text(fields, "version"),
              text(fields, "driver"),
              text(fields, "kernels"));
      List<TunedLayers.Entry> entries = new ArrayList<>();
      for (Object layer : list(fields.get("layers"))) {
        entries.add(entry(map(layer)));
      }
      all.put(key, new TunedLayers(entries));
    }
    return all;
  }

  private static TunedLayers.Entry entry(Map<?, ?> fields) throws IOException {
    LayerSizes sizes =
        new LayerSizes(
            size(fields.get("T"), MOST_SIZE),
            size(fields.get("B"), MOST_SIZE),
            size(fields.get("I"), MOST_SIZE),
            size(fields.get("H"), MOST_SIZE),
            size(fields.get("directions"), 2));
    Precision precision;
    try {
      precision = Precision.parse(text(fields, "precision"));
    } catch (InputException e) {
      throw new Unsound(String.valueOf(e.getMessage()));
    }
    Object time = fields.get("ms");
    double milliseconds = time instanceof Number number ? number.doubleValue() : Double.NaN;
    boolean sensible = milliseconds >= 0 && milliseconds < Double.POSITIVE_INFINITY;
    if (!sensible) {
      throw new Unsound("a time is none");
    }
    return new TunedLayers.Entry(
        sizes,
        precision,
        text(fields, "kernel"),
        sizes(fields.get("tile")),
        sizes(fields.get("product")),
        milliseconds);
  }

  private static List<Integer> sizes(@Nullable Object value) throws IOException {
    List<?> numbers = list(value);
    if (numbers.size() > MOST_NUMBERS) {
      throw new Unsound("a tile has too many numbers");
    }
    List<Integer> sizes = new ArrayList<>();
    for (Object number : numbers) {
      sizes.add(size(number, MOST_SIZE));
    }
    return sizes;
  }

  private static int size(@Nullable Object value, int most) throws IOException {
    if (value instanceof Long number && number >= 1 && number <= most) {
      return number.intValue();
    }
    throw new Unsound("a size is not from 1 to " + most);
  }

  private static String text(Map<?, ?> fields, String name) throws IOException {
    if (fields.get(name) instanceof String text) {
      return text;
    }
    throw new Unsound("it lacks the text \"" + name + "\"");
  }

  private static Map<?, ?> map(@Nullable Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new Unsound("an object is missing");
  }

  private static List<?> list(@Nullable Object value) throws IOException {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new Unsound("a list is missing");
  }

  /** Maps, lists, strings, longs and doubles; the nesting is bounded by the parser. */
  private static Object value(JsonParser parser) throws IOException {
    JsonToken token = parser.currentToken();
    if (token == JsonToken.START_OBJECT) {
      Map<String, Object> map = new LinkedHashMap<>();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        map.put(name, value(parser));
      }
      return map;
    }
    if (token == JsonToken.START_ARRAY) {
      List<Object> list = new ArrayList<>();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        list.add(value(parser));
      }
      return list;
    }
    if (token == JsonToken.VALUE_STRING) {
      return parser.getText();
    }
    if (token == JsonToken.VALUE_NUMBER_INT) {
      return parser.getLongValue();
    }
    if (token == JsonToken.VALUE_NUMBER_FLOAT) {
      return parser.getDoubleValue();
    }
    throw new Unsound("it holds " + token);
  }

  private static void write(Map<Key, TunedLayers> all, OutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out).useDefaultPrettyPrinter()) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeNumberField(MARK, VERSION);
      json.writeArrayFieldStart("devices");
      for (Map.Entry<Key, TunedLayers> device : all.entrySet()) {
        Key key = device.getKey();
        json.writeStartObject();
        json.writeStringField("device", key.device());
        json.writeStringField("platform", key.platform());
        json.writeStringField("version", key.version());
        json.writeStringField("driver", key.driver());
        json.writeStringField("kernels", key.kernels());
        json.writeArrayFieldStart("layers");
        for (TunedLayers.Entry entry : device.getValue().entries()) {
          write(entry, json);
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void write(TunedLayers.Entry entry, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeNumberField("T", entry.sizes().steps());
    json.writeNumberField("B", entry.sizes().batch());
    json.writeNumberField("I", entry.sizes().input());
    json.writeNumberField("H", entry.sizes().hidden());
    json.writeNumberField("directions", entry.sizes().directions());
    json.writeStringField("precision", entry.precision().toString());
    json.writeStringField("kernel", entry.kernel());
    write("tile", entry.tile(), json);
    write("product", entry.product(), json);
    json.writeNumberField("ms", entry.milliseconds());
    json.writeEndObject();
  }

  private static void write(String name, List<Integer> numbers, JsonGenerator json)
      throws IOException {
    json.writeFieldName(name);
    int[] all = numbers.stream().mapToInt(n -> n).toArray();
    json.writeArray(all, 0, all.length);
  }
}
