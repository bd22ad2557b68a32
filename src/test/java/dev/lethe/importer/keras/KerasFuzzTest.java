package dev.lethe.importer.keras;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.InRange;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.lethe.fuzz.Archive;
import dev.lethe.fuzz.Stranger;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Keras models byte by byte, and with any configuration or weights in a sound archive. */
class KerasFuzzTest {
  private static final List<byte[]> ARCHIVES = Stranger.seeds(".keras", 40 << 10).toList();
  private static final int MOST = 5;

  static Stream<byte[]> archives() {
    return ARCHIVES.stream().limit(MOST + 1);
  }

  @MethodSource("archives")
  @FuzzTest
  void archive(byte[] file) {
    read("model.keras", file);
  }

  static Stream<Arguments> configurations() {
    return entries("config.json");
  }

  @MethodSource("configurations")
  @FuzzTest
  void configuration(@InRange(min = 0, max = MOST) int file, byte @NotNull [] json) {
    archive(Archive.replace(ARCHIVES.get(file), "config.json", json, true));
  }

  static Stream<Arguments> weights() {
    return entries("model.weights.h5");
  }

  @MethodSource("weights")
  @FuzzTest
  void weights(@InRange(min = 0, max = MOST) int file, byte @NotNull [] hdf) {
    archive(Archive.replace(ARCHIVES.get(file), "model.weights.h5", hdf, true));
  }

  static Stream<byte[]> hdfFiles() {
    return Stranger.seeds(".h5", 24 << 10);
  }

  @MethodSource("hdfFiles")
  @FuzzTest
  void hdf(byte[] file) {
    read("model.h5", file);
  }

  private static Stream<Arguments> entries(String name) {
    return IntStream.rangeClosed(0, MOST)
        .mapToObj(k -> Arguments.of(k, Archive.entry(ARCHIVES.get(k), name)));
  }

  private static void read(String name, byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PACKED).with(name, file)) {
      stranger.readBy(Stranger::load, name);
    }
  }
}
