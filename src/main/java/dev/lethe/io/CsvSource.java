package dev.lethe.io;

import de.siegmar.fastcsv.reader.CloseableIterator;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.CsvRecordHandler;
import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/** Numbers in a CSV file, one sequence after another. */
final class CsvSource implements ArraySource {
  private final Path file;
  private final Tensor.Type type;
  private final int[] shape;
  private final int axis;
  private final int perSequence;
  private final CsvReader<CsvRecord> reader;
  private final CloseableIterator<CsvRecord> records;
  private Optional<CsvRecord> record = Optional.empty();
  private int field;
  private int at;

  private CsvSource(Path file, Tensor.Type type, int[] sequence, int axis, int sequences)
      throws IOException {
    this.file = file;
    this.type = type;
    this.axis = axis;
    this.perSequence = perSequence(file, sequence);
    this.shape = new int[sequence.length + 1];
    for (int k = 0; k < shape.length; k++) {
      shape[k] = k == axis ? sequences : sequence[k < axis ? k : k - 1];
    }
    this.reader = reader(file, perSequence);
    this.records = reader.iterator();
  }

  static CsvSource open(Path file, Tensor.Type type, int[] sequence, int axis) {
    GivenFile.require(file, "the path of a CSV file");
    try {
      return new CsvSource(file, type, sequence, axis, count(file, sequence));
    } catch (IOException e) {
      throw Npy.unreadable(file, e);
    } catch (CsvParseException | UncheckedIOException e) {
      throw damaged(file, e);
    }
  }

  /** Looks at every row: each must have one sequence, or one step as the last axis counts. */
  private static int count(Path file, int[] sequence) throws IOException {
    int perSequence = perSequence(file, sequence);
    int perStep = sequence.length == 0 ? 1 : sequence[sequence.length - 1];
    long rows = 0;
    int fields = 0;
    boolean first = true;
    try (CsvReader<CsvRecord> reader = reader(file, perSequence)) {
      for (CsvRecord record : reader) {
        boolean header = first && isHeader(record);
        first = false;
        if (header) {
          continue;
        }
        fields = rows == 0 ? record.getFieldCount() : fields;
        if (record.getFieldCount() != fields || (fields != perSequence && fields != perStep)) {
          throw new InputException(
              at(file, record)
                  + ": "
                  + values(record.getFieldCount())
                  + "; a sequence of shape "
                  + Arrays.toString(sequence)
                  + " has "
                  + perSequence
                  + " in a row, or "
                  + perStep
                  + " in each row of a step"
                  + (hasOtherSeparators(record) ? "; commas separate them" : ""));
        }
        rows++;
      }
    }
    if (rows == 0) {
      throw new InputException(file + ": has no row of numbers; give at least one sequence");
    }
    int rowsEach = fields == perSequence ? 1 : perSequence / perStep;
    if (rows % rowsEach != 0 || rows / rowsEach > Integer.MAX_VALUE) {
      throw new InputException(
          file + ": " + rows + " rows, not a multiple of the " + rowsEach + " of a sequence");
    }
    return (int) (rows / rowsEach);
  }

  private static int perSequence(Path file, int[] sequence) {
    long count = 1;
    for (int length : sequence) {
      count *= length;
      if (length < 1 || count > Integer.MAX_VALUE) {
        throw new InputException(
            file + ": no row can hold a sequence of shape " + Arrays.toString(sequence));
      }
    }
    return (int) count;
  }

  private static CsvReader<CsvRecord> reader(Path file, int perSequence) throws IOException {
    CsvRecordHandler handler = CsvRecordHandler.of(b -> b.maxFields(Math.max(16, perSequence + 1)));
    return CsvReader.builder().detectBomHeader(true).build(handler, file);
  }

  private static boolean isHeader(CsvRecord record) {
    return record.getFields().stream().noneMatch(field -> isNumber(field.strip()))
        && !hasOtherSeparators(record);
  }

  /** Whether the one field of a row is several numbers that something else separates. */
  private static boolean hasOtherSeparators(CsvRecord record) {
    String[] parts = record.getField(0).strip().split("[;\\s]+");
    return record.getFieldCount() == 1
        && parts.length > 1
        && Arrays.stream(parts).allMatch(CsvSource::isNumber);
  }

  private static String values(int count) {
    return count + (count == 1 ? " value" : " values");
  }

  private static boolean isNumber(String text) {
    try {
      number(text);
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /** As Java and C write it. */
  private static float number(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "nan" -> Float.NaN;
      case "inf" -> Float.POSITIVE_INFINITY;
      case "-inf" -> Float.NEGATIVE_INFINITY;
      default -> Float.parseFloat(text);
    };
  }

  @Override
  public Tensor.Type type() {
    return type;
  }

  @Override
  public int[] shape() {
    return shape.clone();
  }

  @Override
  public boolean isRandom() {
    return false;
  }

  @Override
  public void read(int cut, int first, Tensor target) {
    int count = target.dimension(axis);
    int inner = 1;
    for (int k = axis + 1; k < shape.length; k++) {
      inner *= shape[k];
    }
    try {
      for (; at < first; at++) {
        for (int k = 0; k < perSequence; k++) {
          next();
        }
      }
      Elements elements = elements(target);
      for (int b = 0; b < count; b++) {
        for (int k = 0; k < perSequence; k++) {
          elements.put((k / inner * count + b) * inner + k % inner, next());
        }
      }
      at += count;
    } catch (CsvParseException | UncheckedIOException e) {
      throw damaged(file, e);
    }
  }

  private interface Elements {
    void put(int index, String text);
  }

  private Elements elements(Tensor target) {
    if (type == Tensor.Type.INT32) {
      IntBuffer ints = target.ints();
      return (index, text) -> ints.put(index, this.<Integer>parse(text, Integer::valueOf));
    }
    FloatBuffer floats = target.floats();
    return (index, text) -> floats.put(index, this.<Float>parse(text, CsvSource::number));
  }

  private <N> N parse(String text, Function<String, N> parser) {
    try {
      return parser.apply(text.strip());
    } catch (NumberFormatException e) {
      throw new InputException(
          at(file, record.orElseThrow())
              + ", value "
              + field
              + ": '"
              + text
              + "' is not a number of type "
              + type,
          e);
    }
  }

  private String next() {
    if (record.isEmpty() || field == record.get().getFieldCount()) {
      boolean first = record.isEmpty();
      CsvRecord following = following();
      record = Optional.of(first && isHeader(following) ? following() : following);
      field = 0;
    }
    return record.orElseThrow().getField(field++);
  }

  private CsvRecord following() {
    if (!records.hasNext()) {
      throw new InputException(file + ": has become shorter since its rows were counted");
    }
    return records.next();
  }

  private static String at(Path file, CsvRecord record) {
    return file + ", line " + record.getStartingLineNumber();
  }

  private static InputException damaged(Path file, RuntimeException e) {
    return new InputException(file + ": not a CSV file, or a damaged one: " + e.getMessage(), e);
  }

  @Override
  public void close() {
    Npy.close(reader, file);
  }
}
