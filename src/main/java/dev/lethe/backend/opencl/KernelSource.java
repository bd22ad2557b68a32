package dev.lethe.backend.opencl;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The kernel files, which the build copies from {@code kernels/} into the jar. */
final class KernelSource {
  private static final String FOLDER = "/dev/lethe/kernels/";
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(\\w+\\.cl)\"$");

  private static final List<String> CHOSEN =
      List.of(
          "product.cl",
          "product_matrix.cl",
          "lstm_step.cl",
          "lstm_sequence.cl",
          "lstm_persistent.cl",
          "lstm_matrix.cl",
          "lstm_matrix_step.cl");

  private KernelSource() {}

  /** The text of a kernel file with the common part in front, and what it includes. */
  static String read(String file) {
    return text("common.cl") + included(text(file));
  }

  /** A digest of the kernels that layers choose from. */
  static String digest() {
    MessageDigest digest = ProgramCache.sha256();
    for (String file : CHOSEN) {
      digest.update(read(file).getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** The text with what it includes in place. */
  static String included(String text) {
    return INCLUDE
        .matcher(text)
        .replaceAll(match -> Matcher.quoteReplacement(text(match.group(1))));
  }

  private static String text(String file) {
    try (InputStream stream = KernelSource.class.getResourceAsStream(FOLDER + file)) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks the kernel " + FOLDER + file);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("reading the kernel " + file, e);
    }
  }
}
