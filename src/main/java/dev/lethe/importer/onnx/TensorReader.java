package dev.lethe.importer.onnx;

import com.google.protobuf.ByteString;
import dev.lethe.ModelFormatException;
import dev.lethe.importer.HalfPrecision;
import dev.lethe.importer.onnx.proto.StringStringEntryProto;
import dev.lethe.importer.onnx.proto.TensorProto;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Turns ONNX tensors into constants; half and double precision become single. */
final class TensorReader {
  private static final int FLOAT = 1;
  private static final int INT32 = 6;
  private static final int INT64 = 7;
  private static final int FLOAT16 = 10;
  private static final int DOUBLE = 11;
  private static final int BFLOAT16 = 16;
  private static final int EXTERNAL = 1;

  /** Integers are axes, indices and shapes: there are few. */
  private static final int MOST_INTEGERS = 1 << 20;

  private final Path file;

  /**
   * @param file the model file: errors name it, and external data lie in its folder
   */
  TensorReader(Path file) {
    this.file = file;
  }

  /**
   * @throws ModelFormatException when the data do not fill the shape, or have a type that Lethe
   *     does not read
   */
  Item.Known read(TensorProto tensor) {
    int[] lengths = lengths(tensor);
    int count = count(tensor, lengths);
    int type = tensor.getDataType();
    return switch (type) {
      case FLOAT, DOUBLE, FLOAT16, BFLOAT16 ->
          new Item.Floats(lengths, floats(tensor, type, count));
      case INT32, INT64 -> new Item.Ints(lengths, integers(tensor, type, count));
      default ->
          throw error(
              tensor,
              "has data type "
                  + type
                  + ", which Lethe does not read; it reads float, float16, bfloat16, double,"
                  + " int32 and int64");
    };
  }

  private int[] lengths(TensorProto tensor) {
    int[] lengths = new int[tensor.getDimsCount()];
    for (int axis = 0; axis < lengths.length; axis++) {
      long length = tensor.getDims(axis);
      if (length < 0 || length > Integer.MAX_VALUE) {
        throw error(tensor, "has an impossible shape " + tensor.getDimsList());
      }
      lengths[axis] = (int) length;
    }
    return lengths;
  }

  private int count(TensorProto tensor, int[] lengths) {
    long count = 1;
    for (int length : lengths) {
      count *= length;
      if (count > Integer.MAX_VALUE / 8) {
        throw error(tensor, "is too large: " + tensor.getDimsList());
      }
    }
    return (int) count;
  }

  private float[] floats(TensorProto tensor, int type, int count) {
    if (!isRaw(tensor)) {
      return typedFloats(tensor, type, count);
    }
    int width = type == FLOAT ? 4 : type == DOUBLE ? 8 : 2;
    ByteBuffer raw = raw(tensor, (long) count * width);
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] =
          switch (type) {
            case FLOAT -> raw.getFloat();
            case DOUBLE -> (float) raw.getDouble();
            case FLOAT16 -> HalfPrecision.fromFloat16(raw.getShort());
            default -> HalfPrecision.fromBfloat16(raw.getShort());
          };
    }
    return values;
  }

  private float[] typedFloats(TensorProto tensor, int type, int count) {
    int held =
        switch (type) {
          case FLOAT -> tensor.getFloatDataCount();
          case DOUBLE -> tensor.getDoubleDataCount();
          default -> tensor.getInt32DataCount();
        };
    requireCount(tensor, held, count);
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] =
          switch (type) {
            case FLOAT -> tensor.getFloatData(k);
            case DOUBLE -> (float) tensor.getDoubleData(k);
            case FLOAT16 -> HalfPrecision.fromFloat16((short) tensor.getInt32Data(k));
            default -> HalfPrecision.fromBfloat16((short) tensor.getInt32Data(k));
          };
    }
    return values;
  }

  private List<Num> integers(TensorProto tensor, int type, int count) {
    if (count > MOST_INTEGERS) {
      throw error(tensor, "has more than " + MOST_INTEGERS + " integers");
    }
    List<Num> values = new ArrayList<>();
    if (isRaw(tensor)) {
      ByteBuffer raw = raw(tensor, (long) count * (type == INT64 ? 8 : 4));
      for (int k = 0; k < count; k++) {
        values.add(Num.of(type == INT64 ? raw.getLong() : raw.getInt()));
      }
    } else {
      requireCount(
          tensor, type == INT64 ? tensor.getInt64DataCount() : tensor.getInt32DataCount(), count);
      for (int k = 0; k < count; k++) {
        values.add(Num.of(type == INT64 ? tensor.getInt64Data(k) : tensor.getInt32Data(k)));
      }
    }
    return List.copyOf(values);
  }

  private static boolean isRaw(TensorProto tensor) {
    return tensor.hasRawData() || tensor.getDataLocation() == EXTERNAL;
  }

  private ByteBuffer raw(TensorProto tensor, long bytes) {
    if (tensor.getDataLocation() == EXTERNAL) {
      return external(tensor, bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
    ByteString data = tensor.getRawData();
    if (data.size() != bytes) {
      throw error(
          tensor,
          "needs " + bytes + " bytes of data for " + tensor.getDimsList() + ", has " + data.size());
    }
    return data.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }

  private ByteBuffer external(TensorProto tensor, long bytes) {
    Map<String, String> entries = new TreeMap<>();
    for (StringStringEntryProto entry : tensor.getExternalDataList()) {
      entries.put(entry.getKey(), entry.getValue());
    }
    Path data = inFolder(tensor, entries.getOrDefault("location", ""));
    try (FileChannel channel = FileChannel.open(data, StandardOpenOption.READ)) {
      long offset = Long.parseLong(entries.getOrDefault("offset", "0"));
      long length = Long.parseLong(entries.getOrDefault("length", Long.toString(bytes)));
      if (offset < 0 || length != bytes || offset > channel.size() - length) {
        throw error(
            tensor,
            "needs "
                + bytes
                + " bytes, but its external data are "
                + length
                + " bytes from "
                + offset
                + " of "
                + data.getFileName()
                + ", which has "
                + channel.size());
      }
      return channel.map(FileChannel.MapMode.READ_ONLY, offset, length);
    } catch (IOException | NumberFormatException e) {
      throw error(tensor, "has external data that cannot be read: " + OnnxFile.oneLine(e));
    }
  }

  /**
   * Models come from strangers: nothing outside the model's own folder is opened, not even through
   * a link.
   */
  private Path inFolder(TensorProto tensor, String location) {
    String refusal =
        "has external data at '" + location + "', which must be a file in the model's folder";
    try {
      Path folder = file.toAbsolutePath().resolveSibling("").toRealPath();
      Path relative = Path.of(location);
      boolean up =
          location.isEmpty()
              || location.contains("\\")
              || location.startsWith("/")
              || relative.isAbsolute();
      for (Path part : relative) {
        up |= part.toString().equals("..");
      }
      if (up) {
        throw error(tensor, refusal);
      }
      Path data = folder.resolve(relative).toRealPath();
      if (!data.startsWith(folder) || !Files.isRegularFile(data)) {
        throw error(tensor, refusal);
      }
      return data;
    } catch (IOException | IllegalArgumentException e) {
      throw error(tensor, refusal);
    }
  }

  private void requireCount(TensorProto tensor, int held, int needed) {
    if (held != needed) {
      throw error(
          tensor, "needs " + needed + " values for " + tensor.getDimsList() + ", has " + held);
    }
  }

  private ModelFormatException error(TensorProto tensor, String message) {
    return new ModelFormatException(file + ": tensor '" + tensor.getName() + "' " + message);
  }
}
