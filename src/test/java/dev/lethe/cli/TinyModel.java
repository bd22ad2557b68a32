package dev.lethe.cli;

import dev.lethe.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * The smallest model file worth running: one LSTM layer as a PyTorch state dictionary, with seeded
 * weights.
 */
final class TinyModel {
  static final int FEATURES = 2;
  static final int HIDDEN = 3;
  static final int PARAMETERS = 4 * HIDDEN * (FEATURES + HIDDEN + 1);
  private static final int ROWS = 4 * HIDDEN;

  private TinyModel() {}

  /** Writes weight_ih_l0, weight_hh_l0, bias_ih_l0 and bias_hh_l0 in safetensors' layout. */
  static Path write(Path file) {
    int[] ends = {ROWS * FEATURES, ROWS * (FEATURES + HIDDEN), ROWS * (FEATURES + HIDDEN + 1), 0};
    ends[3] = ends[2] + ROWS;
    String header =
        "{"
            + entry("weight_ih_l0", ROWS + "," + FEATURES, 0, ends[0])
            + ","
            + entry("weight_hh_l0", ROWS + "," + HIDDEN, ends[0], ends[1])
            + ","
            + entry("bias_ih_l0", "" + ROWS, ends[1], ends[2])
            + ","
            + entry("bias_hh_l0", "" + ROWS, ends[2], ends[3])
            + "}";
    byte[] text =
        (header + " ".repeat(7 - (header.length() + 7) % 8)).getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + text.length + 4 * ends[3]).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(text.length).put(text);
    Random random = new Random(3);
    for (int k = 0; k < ends[3]; k++) {
      bytes.putFloat((float) random.nextGaussian() / 2);
    }
    try {
      return Files.write(file, bytes.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Seeded numbers, [sequences, steps, FEATURES]. */
  static Tensor input(int sequences, int steps) {
    Tensor tensor = Tensor.allocate(Tensor.Type.FLOAT32, sequences, steps, FEATURES);
    Random random = new Random(4);
    for (int k = 0; k < tensor.size(); k++) {
      tensor.floats().put(k, (float) random.nextGaussian());
    }
    return tensor;
  }

  private static String entry(String name, String shape, int begin, int end) {
    return "\""
        + name
        + "\":{\"dtype\":\"F32\",\"shape\":["
        + shape
        + "],\"data_offsets\":["
        + 4 * begin
        + ","
        + 4 * end
        + "]}";
  }
}
