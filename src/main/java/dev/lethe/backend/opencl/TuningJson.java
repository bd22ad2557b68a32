package dev.lethe.backend.opencl;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.lethe.InputException;
import dev.lethe.Precision;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TuningFile} holds:
 *
 * <pre>
 * {"lethe_tuning": 1, "devices": [{"device", "platform", "version", "driver", "kernels",
 *   "layers": [{"T", "B", "I", "H", "directions", "precision", "kernel", "tile": [], "product": [], "ms"}],
 *   "pairs": [{"T", "B", "I", "H", "precision", "lag", "kernel", "tile": [], "ms"}]}]}
 * </pre>
 *
 * <p>"kernels" is a digest of their sources. Sizes of a pair are those of its lower layer.
 */
final class TuningJson {
  /** The name of the version, which a file begins with. */
  static final String MARK = "lethe_tuning";

  /** Of a file at most. */
  static final long MOST_BYTES = 4 << 20;

  private static final int VERSION = 1;
  private static final int MOST_SIZE = 1 << 30;
  private static final int MOST_NUMBERS = 8;
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

  /** It says something that it should not. */
  static final class Unsound extends IOException {
    private static final long serialVersionUID = 1;

    Unsound(String what) {
      super(what);
    }
  }

  private TuningJson() {}

  /**
   * By device.
   *
   * @throws IOException with the reason, when it is damaged
   */
  static Map<TuningFile.Key, TunedLayers> read(byte[] bytes) throws IOException {
    Object root;
    try (JsonParser parser = JSON.createParser(bytes)) {
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
    Map<TuningFile.Key, TunedLayers> all = new LinkedHashMap<>();
    for (Object device : list(file.get("devices"))) {
      Map<?, ?> fields = map(device);
      TuningFile.Key key =
          new TuningFile.Key(
              text(fields, "device"),
              text(fields, "platform"),
              text(fields, "version"),
              text(fields, "driver"),
              text(fields, "kernels"));
      List<TunedLayers.Entry> entries = new ArrayList<>();
      for (Object layer : list(fields.get("layers"))) {
        entries.add(entry(map(layer)));
      }
      List<TunedLayers.Pair> pairs = new ArrayList<>();
      for (Object pair : fields.containsKey("pairs") ? list(fields.get("pairs")) : List.of()) {
        pairs.add(pair(map(pair)));
      }
      all.put(key, new TunedLayers(entries, pairs));
    }
    return all;
  }

  private static TunedLayers.Entry entry(Map<?, ?> fields) throws IOException {
    return new TunedLayers.Entry(
        layer(fields, size(fields.get("directions"), 2)),
        precision(fields),
        text(fields, "kernel"),
        sizes(fields.get("tile")),
        sizes(fields.get("product")),
        milliseconds(fields));
  }

  private static TunedLayers.Pair pair(Map<?, ?> fields) throws IOException {
    Object lag = fields.get("lag");
    boolean apart = Long.valueOf(0).equals(lag);
    int steps = apart ? 0 : size(lag, MOST_SIZE);
    if (steps % 2 != 0) {
      throw new Unsound("a lag is not even");
    }
    return new TunedLayers.Pair(
        layer(fields, 1),
        precision(fields),
        steps,
        text(fields, "kernel"),
        sizes(fields.get("tile")),
        milliseconds(fields));
  }

  private static LayerSizes layer(Map<?, ?> fields, int directions) throws IOException {
    return new LayerSizes(
        size(fields.get("T"), MOST_SIZE),
        size(fields.get("B"), MOST_SIZE),
        size(fields.get("I"), MOST_SIZE),
        size(fields.get("H"), MOST_SIZE),
        directions);
  }

  private static Precision precision(Map<?, ?> fields) throws IOException {
    try {
      return Precision.parse(text(fields, "precision"));
    } catch (InputException e) {
      throw new Unsound(String.valueOf(e.getMessage()));
    }
  }

  private static double milliseconds(Map<?, ?> fields) throws IOException {
    Object time = fields.get("ms");
    double milliseconds = time instanceof Number number ? number.doubleValue() : Double.NaN;
    boolean sensible = milliseconds >= 0 && milliseconds < Double.POSITIVE_INFINITY;
    if (!sensible) {
      throw new Unsound("a time is none");
    }
    return milliseconds;
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

  /** As {@link #read} takes it. */
  static void write(Map<TuningFile.Key, TunedLayers> all, OutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out).useDefaultPrettyPrinter()) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.writeStartObject();
      json.writeNumberField(MARK, VERSION);
      json.writeArrayFieldStart("devices");
      for (Map.Entry<TuningFile.Key, TunedLayers> device : all.entrySet()) {
        TuningFile.Key key = device.getKey();
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
        json.writeArrayFieldStart("pairs");
        for (TunedLayers.Pair pair : device.getValue().pairs()) {
          write(pair, json);
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
    write(entry.sizes(), json);
    json.writeNumberField("directions", entry.sizes().directions());
    json.writeStringField("precision", entry.precision().toString());
    json.writeStringField("kernel", entry.kernel());
    write("tile", entry.tile(), json);
    write("product", entry.product(), json);
    json.writeNumberField("ms", entry.milliseconds());
    json.writeEndObject();
  }

  private static void write(TunedLayers.Pair pair, JsonGenerator json) throws IOException {
    json.writeStartObject();
    write(pair.sizes(), json);
    json.writeStringField("precision", pair.precision().toString());
    json.writeNumberField("lag", pair.lag());
    json.writeStringField("kernel", pair.kernel());
    write("tile", pair.tile(), json);
    json.writeNumberField("ms", pair.milliseconds());
    json.writeEndObject();
  }

  private static void write(LayerSizes sizes, JsonGenerator json) throws IOException {
    json.writeNumberField("T", sizes.steps());
    json.writeNumberField("B", sizes.batch());
    json.writeNumberField("I", sizes.input());
    json.writeNumberField("H", sizes.hidden());
  }

  private static void write(String name, List<Integer> numbers, JsonGenerator json)
      throws IOException {
    json.writeFieldName(name);
    int[] all = numbers.stream().mapToInt(n -> n).toArray();
    json.writeArray(all, 0, all.length);
  }
}
