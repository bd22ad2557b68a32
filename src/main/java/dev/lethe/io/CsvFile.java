package dev.lethe.io;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.LineDelimiter;
import dev.lethe.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Arrays as text. */
public final class CsvFile {
  private static final int ELEMENTS_AT_A_TIME = 1 << 20;

  private CsvFile() {}

  /**
   * Writes a row for each length of an axis, of any number; each number so that it is read back the
   * same.
   *
   * @param out left open
   * @param source the whole array
   * @param axis that counts rows
   * @throws IOException when the stream throws it
   */
  public static void write(OutputStream out, ArraySource source, int axis) throws IOException {
    int[] shape = source.shape();
    long perRow = 1;
    for (int k = 0; k < shape.length; k++) {
      perRow *= k == axis ? 1 : shape[k];
    }
    int rows = (int) Math.max(1, ELEMENTS_AT_A_TIME / Math.max(1, perRow));
    CsvWriter csv =
        CsvWriter.builder()
            .lineDelimiter(LineDelimiter.LF)
            .build(new OutputStreamWriter(out, StandardCharsets.UTF_8));
    for (int first = 0; first < shape[axis]; first += rows) {
      int[] piece = shape.clone();
      piece[axis] = Math.min(rows, shape[axis] - first);
      Tensor read = Tensor.allocate(source.type(), piece);
      source.read(axis, first, read);
      for (int row = 0; row < piece[axis]; row++) {
        csv.writeRecord(texts(Pieces.cut(read, axis, row, 1)));
      }
    }
    csv.flush();
  }

  private static String[] texts(Tensor row) {
    String[] texts = new String[row.size()];
    if (row.type() == Tensor.Type.INT32) {
      Arrays.setAll(texts, k -> Integer.toString(row.intAt(k)));
    } else {
      Arrays.setAll(texts, k -> Float.toString(row.floats().get(k)));
    }
    return texts;
  }
}
