package dev.lethe.importer.pytorch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.lethe.InputException;
import dev.lethe.ModelFormatException;
import dev.lethe.importer.HalfPrecision;
import dev.lethe.network.Matrix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A safetensors file: 8 bytes of length, that many bytes of JSON header, then the tensors' bytes,
 * all little-endian.
 */
final class Safetensors implements StateDict {
  private static final int PREFIX = 8;

  /** The format's own limit on the header. */
  private static final long LONGEST_HEADER = 100_000_000;

  private final Path file;
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private final long dataStart;
  private final long dataBytes;

  /**
   * A tensor as the header has it.
   *
   * @param type F32, F16, BF16 or F64, or another that is refused when read
   * @param shape lengths of the axes
   * @param begin first byte, counted from the header's end
   * @param end one past its last byte
   */
  record Entry(String type, List<Long> shape, long begin, long end) {}

  private Safetensors(Path file, long dataStart, long dataBytes) {
    this.file = file;
    this.dataStart = dataStart;
    this.dataBytes = dataBytes;
  }

  /**
   * Reads the header.
   *
   * @throws ModelFormatException when it is damaged or says something else than the file's size
   *     does
   */
  static Safetensors open(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      long header = size < PREFIX ? -1 : read(channel, 0, PREFIX).getLong();
      if (header < 0 || header > LONGEST_HEADER || header > size - PREFIX) {
        throw new ModelFormatException(
            file
                + ": not a whole safetensors file: its header would be "
                + header
                + " bytes, the file has "
                + size);
      }
      Safetensors tensors = new Safetensors(file, PREFIX + header, size - PREFIX - header);
      tensors.parse(read(channel, PREFIX, (int) header));
      return tensors;
    } catch (IOException e) {
      checkInterrupted(file, e);
      throw new ModelFormatException(file + ": not a whole safetensors file: " + oneLine(e), e);
    }
  }

  @Override
  public Path file() {
    return file;
  }

  @Override
  public String format() {
    return "safetensors";
  }

  @Override
  public List<String> names() {
    return List.copyOf(entries.keySet());
  }

  @Override
  public boolean has(String name) {
    return entries.containsKey(name);
  }

  @Override
  public Map<String, String> metadata() {
    return Map.copyOf(metadata);
  }

  @Override
  public Matrix matrix(String name) {
    Entry entry = Objects.requireNonNull(entries.get(name), name);
    int rank = entry.shape().size();
    if (rank < 1 || rank > 2) {
      throw error(name, "has " + rank + " axes; weights that Lethe reads have one or two");
    }
    long rows = rank == 2 ? entry.shape().get(0) : 1;
    long columns = entry.shape().get(rank - 1);
    int width = width(name, entry.type());
    long bytes = entry.end() - entry.begin();
    boolean fits = rows >= 1 && columns >= 1 && rows <= bytes && columns <= bytes / rows;
    if (!fits || rows * columns * width != bytes) {
      throw error(name, "has " + bytes + " bytes for " + entry.type() + " " + entry.shape());
    }
    if (rows * columns > Integer.MAX_VALUE / 4) {
      throw error(name, "is larger than 2 GiB in single precision");
    }
    return Matrix.of((int) rows, (int) columns, floats(name, entry, (int) (rows * columns)));
  }

  private float[] floats(String name, Entry entry, int count) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer bytes =
          channel
              .map(
                  FileChannel.MapMode.READ_ONLY,
                  dataStart + entry.begin(),
                  entry.end() - entry.begin())
              .order(ByteOrder.LITTLE_ENDIAN);
      float[] values = new float[count];
      for (int k = 0; k < count; k++) {
        values[k] =
            switch (entry.type()) {
              case "F32" -> bytes.getFloat();
              case "F64" -> (float) bytes.getDouble();
              case "F16" -> HalfPrecision.fromFloat16(bytes.getShort());
              default -> HalfPrecision.fromBfloat16(bytes.getShort());
            };
      }
      return values;
    } catch (IOException e) {
      checkInterrupted(file, e);
      throw error(name, "cannot be read: " + oneLine(e));
    }
  }

  private int width(String name, String type) {
    return switch (type) {
      case "F16", "BF16" -> 2;
      case "F32" -> 4;
      case "F64" -> 8;
      default -> throw error(name, "has type " + type + "; Lethe reads F32, F16, BF16 and F64");
    };
  }

  private void parse(ByteBuffer header) throws IOException {
    String json = StandardCharsets.UTF_8.decode(header).toString();
    JsonFactory factory =
        JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    try (JsonParser parser = factory.createParser(json)) {
      require(parser.nextToken() == JsonToken.START_OBJECT, "its header is no JSON object");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        require(parser.nextToken() == JsonToken.START_OBJECT, "'" + name + "' is no JSON object");
        if (name.equals("__metadata__")) {
          parseMetadata(parser);
        } else {
          entries.put(name, parseEntry(parser, name));
        }
      }
      require(parser.nextToken() == null, "its header goes on after its end");
      long total = entries.values().stream().mapToLong(e -> e.end() - e.begin()).sum();
      require(total <= dataBytes, "its tensors claim " + total + " bytes of " + dataBytes);
    }
  }

  private void parseMetadata(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      require(parser.nextToken().isScalarValue(), "metadata '" + key + "' is no text");
      metadata.put(key, parser.getText());
    }
  }

  private Entry parseEntry(JsonParser parser, String name) throws IOException {
    String type = "";
    List<Long> shape = List.of();
    List<Long> offsets = List.of();
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      parser.nextToken();
      switch (key) {
        case "dtype" -> type = parser.getText();
        case "shape" -> shape = numbers(parser, name);
        case "data_offsets" -> offsets = numbers(parser, name);
        default -> parser.skipChildren();
      }
    }
    require(offsets.size() == 2, "tensor '" + name + "' has no data_offsets");
    long begin = offsets.get(0);
    long end = offsets.get(1);
    require(
        begin <= end && end <= dataBytes,
        "tensor '" + name + "' lies at bytes " + begin + " to " + end + " of " + dataBytes);
    return new Entry(type, shape, begin, end);
  }

  private List<Long> numbers(JsonParser parser, String name) throws IOException {
    List<Long> numbers = new ArrayList<>();
    require(
        parser.currentToken() == JsonToken.START_ARRAY,
        "tensor '" + name + "' has no list of numbers");
    while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
      long number = parser.getLongValue();
      require(number >= 0, "tensor '" + name + "' has a negative number");
      numbers.add(number);
    }
    require(
        parser.currentToken() == JsonToken.END_ARRAY,
        "tensor '" + name + "' has no list of numbers");
    return List.copyOf(numbers);
  }

  private static ByteBuffer read(FileChannel channel, long position, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, position + buffer.position()) < 0) {
        throw new IOException("the file ends early");
      }
    }
    return buffer.flip();
  }

  private void require(boolean holds, String message) {
    if (!holds) {
      throw new ModelFormatException(file + ": not a whole safetensors file: " + message);
    }
  }

  private ModelFormatException error(String name, String message) {
    return new ModelFormatException(file + ": tensor '" + name + "' " + message);
  }

  /** The file is sound where the thread was interrupted. */
  private static void checkInterrupted(Path file, IOException e) {
    if (e instanceof ClosedByInterruptException) {
      throw new InputException(file + ": cannot be read: the thread was interrupted", e);
    }
  }

  private static String oneLine(IOException e) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return message.lines().findFirst().orElse("").strip();
  }
}
