package dev.lethe.examples;

import dev.lethe.Tensor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Handwritten digits of 8 by 8 pixels, each a sequence of eight rows.
 *
 * @param pixels [N][64], row by row, from 0 (paper) to 1 (ink)
 * @param digits which digit each is, 0 to 9
 */
record Digits(List<float[]> pixels, List<Integer> digits) {
  static final int ROWS = 8;
  static final int COLUMNS = 8;
  private static final int TRAINED_ON = 1200;
  private static final float DARKEST = 16;

  /** Those that training did not see. */
  static Digits heldOut() throws IOException {
    Digits all = read(Examples.file("digits/digits.csv.gz"));
    int end = all.digits.size();
    return new Digits(all.pixels.subList(TRAINED_ON, end), all.digits.subList(TRAINED_ON, end));
  }

  int count() {
    return digits.size();
  }

  /** Every digit whole: [N, 8 rows, 8 pixels]. */
  Tensor tensor() {
    Tensor x = Tensor.allocate(Tensor.Type.FLOAT32, count(), ROWS, COLUMNS);
    var values = x.floats();
    pixels.forEach(values::put);
    return x;
  }

  /** One row of every digit: [N, 1, 8]. */
  Tensor row(int row) {
    Tensor x = Tensor.allocate(Tensor.Type.FLOAT32, count(), 1, COLUMNS);
    var values = x.floats();
    pixels.forEach(digit -> values.put(digit, row * COLUMNS, COLUMNS));
    return x;
  }

  /** How many answers are right. */
  int right(int[] answers) {
    int right = 0;
    for (int k = 0; k < count(); k++) {
      right += answers[k] == digits.get(k) ? 1 : 0;
    }
    return right;
  }

  /** The likeliest digit of each row of {@code y} [N, 10]. */
  static int[] likeliest(Tensor y) {
    float[] values = y.toFloatArray();
    int classes = y.dimension(1);
    int[] best = new int[y.dimension(0)];
    for (int k = 0; k < values.length; k++) {
      int row = k / classes;
      if (values[k] > values[row * classes + best[row]]) {
        best[row] = k % classes;
      }
    }
    return best;
  }

  /** Reads lines of 64 pixels, 0 to 16, and the digit. */
  private static Digits read(Path file) throws IOException {
    Digits all = new Digits(new ArrayList<>(), new ArrayList<>());
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(file)), StandardCharsets.US_ASCII))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int[] numbers = Arrays.stream(line.split(",", -1)).mapToInt(Integer::parseInt).toArray();
        float[] digit = new float[ROWS * COLUMNS];
        for (int k = 0; k < digit.length; k++) {
          digit[k] = numbers[k] / DARKEST;
        }
        all.pixels.add(digit);
        all.digits.add(numbers[digit.length]);
      }
    }
    return all;
  }
}
