package dev.lethe.backend.cpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How much of the weights a processor keeps at hand. */
final class SecondLevelCache {
  /** Where Linux tells of it. */
  private static final Path SIZE = Path.of("/sys/devices/system/cpu/cpu0/cache/index2/size");

  private static final Pattern KIBIBYTES = Pattern.compile("([0-9]{1,7})K\\s*");
  private static final long USUAL = 1 << 20;

  /** Bytes of each processor's; those of a usual one where the system does not tell. */
  static final long BYTES = bytes(SIZE);

  /** Whether it is of those that hold more, and take longer to read from. */
  static final boolean LARGE = BYTES > USUAL;

  private SecondLevelCache() {}

  /**
   * @param size holds a number of KiB and a K
   */
  static long bytes(Path size) {
    try {
      Matcher text = KIBIBYTES.matcher(Files.readString(size));
      return text.matches() ? Long.parseLong(text.group(1)) << 10 : USUAL;
    } catch (IOException e) {
      return USUAL;
    }
  }
}
