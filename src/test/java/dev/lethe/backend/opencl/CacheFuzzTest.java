package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lethe.Precision;
import dev.lethe.fuzz.Stranger;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.MethodSource;

/** What Lethe keeps for itself: tuned values and compiled programs. No content fails a session. */
class CacheFuzzTest {
  private static final DeviceFacts GPU = OpenClPlanTest.h200();
  private static final String PROGRAM = ProgramCache.key(GPU, "-D H=4", "kernel void k() {}");
  private static final TunedLayers.Entry ENTRY =
      new TunedLayers.Entry(
          new LayerSizes(3, 7, 4, 5, 2),
          Precision.BF16,
          "lstm_step",
          List.of(16, 4, 2, 16),
          List.of(4, 16, 4, 2, 16),
          1.5);
  // kept, since loggers are forgotten that nobody holds
  private static final Logger LOGGER = Logger.getLogger("dev.lethe");

  /** Each file that is passed over says so. */
  @BeforeAll
  static void beQuiet() {
    LOGGER.setLevel(Level.OFF);
  }

  @AfterAll
  static void speakAgain() {
    LOGGER.setLevel(null);
  }

  static Stream<byte[]> tuned() throws IOException {
    Path folder = Files.createTempDirectory("tuned");
    Path file = folder.resolve("tuning.json");
    new TuningFile(file).add(GPU, new TunedLayers(List.of(ENTRY)));
    byte[] content = Files.readAllBytes(file);
    for (String name : List.of("tuning.json", "tuning.json.lock")) {
      Files.delete(folder.resolve(name));
    }
    Files.delete(folder);
    return Stream.of(content);
  }

  @MethodSource("tuned")
  @FuzzTest
  void tuning(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN).with("tuning.json", file)) {
      stranger.readBy(CacheFuzzTest::tuned, "tuning.json");
    }
  }

  private static void tuned(Path path) {
    TuningFile file = new TuningFile(path);
    file.load(GPU);
    file.add(GPU, new TunedLayers(List.of(ENTRY)));
    List<TunedLayers.Entry> entries = file.load(GPU).entries();
    assertEquals(ENTRY, entries.get(entries.size() - 1));
  }

  static Stream<byte[]> programs() throws IOException {
    byte[] binary = {1, 2, 3};
    byte[] key = HexFormat.of().parseHex(PROGRAM);
    byte[] digest = ProgramCache.sha256().digest(binary);
    byte[] whole = Arrays.copyOf(key, 67);
    System.arraycopy(digest, 0, whole, 32, 32);
    System.arraycopy(binary, 0, whole, 64, 3);
    return Stream.of(whole);
  }

  @MethodSource("programs")
  @FuzzTest
  void program(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN).with(PROGRAM + ".clbin", file)) {
      stranger.readBy(folder -> program(folder, file), "");
    }
  }

  private static void program(Path folder, byte[] file) {
    Optional<byte[]> binary = new ProgramCache(folder).load(PROGRAM);
    if (binary.isPresent()) {
      assertArrayEquals(
          Arrays.copyOfRange(file, 32, 64), ProgramCache.sha256().digest(binary.get()));
    }
  }
}
