package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.InputException;
import dev.lethe.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TuningFileTest {
  private static final DeviceFacts GPU = OpenClPlanTest.h200();

  // kept, since loggers are forgotten that nobody holds
  private static final Logger LOGGER = Logger.getLogger("dev.lethe");

  @TempDir Path folder;
  private final List<String> lines = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          lines.add(entry.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listen() {
    LOGGER.addHandler(handler);
    LOGGER.setUseParentHandlers(false);
  }

  @AfterEach
  void stopListening() {
    LOGGER.removeHandler(handler);
    LOGGER.setUseParentHandlers(true);
  }

  private Path path() {
    return folder.resolve("tuning.json");
  }

  private TuningFile file() {
    return new TuningFile(path());
  }

  private static TunedLayers.Entry entry(int batch, double milliseconds) {
    return new TunedLayers.Entry(
        new LayerSizes(3, batch, 4, 5, 2),
        Precision.BF16,
        "lstm_step",
        List.of(16, 4, 2, 16),
        List.of(4, 16, 4, 2, 16),
        milliseconds);
  }

  private static TunedLayers.Pair pair(int lag, double milliseconds) {
    return new TunedLayers.Pair(
        new LayerSizes(30, 2, 4, 5, 1),
        Precision.FP16,
        lag,
        "lstm_matrix",
        List.of(8, 4),
        milliseconds);
  }

  private static DeviceFacts driver(String driver) {
    return new DeviceFacts(
        GPU.name(),
        GPU.platform(),
        GPU.vendor(),
        GPU.version(),
        driver,
        GPU.cpu(),
        GPU.computeUnits(),
        GPU.workGroupSize(),
        GPU.localBytes(),
        GPU.globalBytes(),
        GPU.allocationBytes(),
        GPU.registers(),
        GPU.computeCapability());
  }

  @Test
  void whatIsKeptComesBack() {
    assertEquals(TunedLayers.NONE, file().load(GPU));
    file().add(GPU, new TunedLayers(List.of(entry(1, 0.125), entry(2, 3))));
    assertEquals(List.of(entry(1, 0.125), entry(2, 3)), file().load(GPU).entries());
    file().add(GPU, new TunedLayers(List.of(entry(1, 7), entry(3, 1e-3))));
    assertEquals(List.of(entry(2, 3), entry(1, 7), entry(3, 1e-3)), file().load(GPU).entries());
    assertEquals(List.of(), lines);
  }

  @Test
  void pairsComeBackToo() {
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)).with(pair(16, 2)));
    assertEquals(List.of(pair(16, 2)), file().load(GPU).pairs());
    file().add(GPU, TunedLayers.NONE.with(entry(2, 1)).with(pair(0, 1)));
    assertEquals(List.of(pair(0, 1)), file().load(GPU).pairs());
    assertEquals(2, file().load(GPU).entries().size());
    assertEquals(List.of(), lines);
  }

  @Test
  void aFileNeedHaveNoPairs() throws IOException {
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)));
    String text = Files.readString(path());
    Files.writeString(path(), text.replaceFirst(",\\s*\"pairs\" : \\[ ]", ""));
    assertFalse(Files.readString(path()).contains("pairs"));
    assertEquals(List.of(entry(1, 1)), file().load(GPU).entries());
  }

  @Test
  void devicesShareAFile() {
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)));
    file().add(GpuTable.small(), TunedLayers.NONE.with(entry(2, 2)));
    assertEquals(List.of(entry(1, 1)), file().load(GPU).entries());
    assertEquals(List.of(entry(2, 2)), file().load(GpuTable.small()).entries());
    DeviceFacts foreign = OpenClPlanTest.facts(true, 64, 1 << 15, 1 << 30);
    assertEquals(TunedLayers.NONE, file().load(foreign));
  }

  @Test
  void anotherDriverIsPassedOverWithOneLineAndReplaced() {
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)));
    DeviceFacts updated = driver("999");
    assertEquals(TunedLayers.NONE, file().load(updated));
    assertEquals(TunedLayers.NONE, file().load(updated));
    assertEquals(1, lines.size(), lines::toString);
    assertTrue(lines.get(0).contains("tuned for another driver"), lines.get(0));
    file().add(updated, TunedLayers.NONE.with(entry(2, 2)));
    assertEquals(List.of(entry(2, 2)), file().load(updated).entries());
    assertEquals(TunedLayers.NONE, file().load(GPU));
  }

  @Test
  void otherKernelsArePassedOver() throws IOException {
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)));
    String text = Files.readString(path());
    assertTrue(text.contains(KernelSource.digest()));
    Files.writeString(path(), text.replace(KernelSource.digest(), "0".repeat(64)));
    assertEquals(TunedLayers.NONE, file().load(GPU));
    assertEquals(1, lines.size(), lines::toString);
  }

  private static String pairOf(String lag) {
    return "{\"lethe_tuning\":1,\"devices\":[{\"device\":\"d\",\"platform\":\"p\",\"version\":\"v\","
        + "\"driver\":\"d\",\"kernels\":\"k\",\"layers\":[],\"pairs\":[{\"T\":9,\"B\":1,\"I\":1,\"H\":1,"
        + "\"precision\":\"fp32\",\"kernel\":\"k\",\"tile\":[],\"ms\":1,\"lag\":"
        + lag
        + "}]}]}";
  }

  static Stream<String> damaged() {
    String deep = "[".repeat(100_000);
    String layer =
        "{\"lethe_tuning\":1,\"devices\":[{\"device\":\"d\",\"platform\":\"p\",\"version\":\"v\","
            + "\"driver\":\"d\",\"kernels\":\"k\",\"layers\":[%s]}]}";
    return Stream.of(
        "",
        "{",
        "\u0000\u0001",
        "null",
        "[]",
        "{}",
        deep,
        "{\"lethe_tuning\":" + deep,
        "{\"lethe_tuning\":2,\"devices\":[]}",
        "{\"lethe_tuning\":1}",
        "{\"lethe_tuning\":1,\"devices\":{}}",
        "{\"lethe_tuning\":1,\"devices\":[1]}",
        "{\"lethe_tuning\":1,\"devices\":[]} {}",
        "{\"lethe_tuning\":1,\"devices\":[],\"x\":\"" + "y".repeat(5000) + "\"}",
        "{\"lethe_tuning\":1,\"devices\":[],\"x\":" + "9".repeat(40) + "}",
        layer.formatted("{}"),
        layer.formatted("{\"T\":0,\"B\":1,\"I\":1,\"H\":1,\"directions\":1}"),
        layer.formatted("{\"T\":1,\"B\":1,\"I\":1,\"H\":1,\"directions\":3}"),
        layer.formatted("{\"T\":1,\"B\":1,\"I\":1,\"H\":1,\"directions\":1,\"precision\":\"fp1\"}"),
        layer.formatted(
            "{\"T\":1,\"B\":1,\"I\":1,\"H\":1,\"directions\":1,\"precision\":\"fp32\","
                + "\"kernel\":\"k\",\"tile\":[],\"product\":[],\"ms\":-1}"),
        layer.formatted(
            "{\"T\":1,\"B\":1,\"I\":1,\"H\":1,\"directions\":1,\"precision\":\"fp32\","
                + "\"kernel\":\"k\",\"tile\":[1,2,3,4,5,6,7,8,9],\"product\":[],\"ms\":1}"),
        layer.formatted(
            "{\"T\":1,\"B\":1,\"I\":1,\"H\":1,\"directions\":1,\"precision\":\"fp32\","
                + "\"kernel\":\"k\",\"tile\":[-4],\"product\":[],\"ms\":1}"),
        layer.formatted("").replace("]}]}", "],\"pairs\":{}}]}"),
        layer.formatted("").replace("]}]}", "],\"pairs\":[1]}]}"),
        pairOf("null"),
        pairOf("-2"),
        pairOf("3"),
        pairOf("99999999999"));
  }

  @ParameterizedTest
  @MethodSource("damaged")
  void aDamagedFileIsPassedOverWithOneLine(String text) throws IOException {
    Files.writeString(path(), text);
    assertEquals(TunedLayers.NONE, file().load(GPU));
    assertEquals(TunedLayers.NONE, file().load(GPU));
    assertEquals(1, lines.size(), lines::toString);
    assertTrue(lines.get(0).startsWith(path() + ": passed over, "), lines.get(0));
    assertEquals(1, lines.get(0).lines().count());
  }

  /** Any byte may be wrong. */
  @Test
  void noByteMakesItFail() throws IOException {
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)).with(pair(4, 1)));
    byte[] whole = Files.readAllBytes(path());
    for (int k = 0; k < whole.length; k++) {
      for (int bit : new int[] {1, 16, 128}) {
        byte[] wrong = whole.clone();
        wrong[k] ^= (byte) bit;
        Files.write(path(), wrong);
        file().load(GPU);
      }
      Files.write(path(), Arrays.copyOf(whole, k));
      file().load(GPU);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"folder", "large"})
  void whatIsNoSmallFileIsPassedOver(String kind) throws IOException {
    if (kind.equals("folder")) {
      Files.createDirectory(path());
    } else {
      Files.write(path(), new byte[(4 << 20) + 1]);
    }
    assertEquals(TunedLayers.NONE, file().load(GPU));
    assertEquals(1, lines.size(), lines::toString);
  }

  @Test
  void whatOthersMayHaveWrittenIsPassedOver() throws IOException {
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)));
    assumeTrue(path().getFileSystem().supportedFileAttributeViews().contains("posix"));
    Files.setPosixFilePermissions(path(), PosixFilePermissions.fromString("rw-rw-rw-"));
    assertEquals(TunedLayers.NONE, file().load(GPU));
    assertEquals(1, lines.size(), lines::toString);
    assertTrue(lines.get(0).contains("everybody may write to it"), lines.get(0));
  }

  @Test
  void aDamagedFileIsReplaced() throws IOException {
    Files.writeString(path(), "{\"lethe_tuning\": 1, \"devices");
    file().add(GPU, TunedLayers.NONE.with(entry(1, 1)));
    assertEquals(List.of(entry(1, 1)), file().load(GPU).entries());
  }

  @Test
  void anotherFileIsNot() throws IOException {
    Files.writeString(path(), "a model");
    InputException e =
        assertThrows(
            InputException.class, () -> file().add(GPU, TunedLayers.NONE.with(entry(1, 1))));
    assertTrue(e.getMessage().contains("holds no tuned values"), e.getMessage());
    assertEquals("a model", Files.readString(path()));
    TuningFile nowhere = new TuningFile(folder.resolve("no/such/file.json"));
    assertThrows(InputException.class, () -> nowhere.add(GPU, TunedLayers.NONE.with(entry(1, 1))));
  }

  @Test
  void writersAtOnceLoseNothing() throws Exception {
    int writers = 6;
    List<Thread> threads =
        IntStream.range(0, writers)
            .mapToObj(
                writer ->
                    new Thread(
                        () -> {
                          for (int k = 0; k < 5; k++) {
                            file().add(GPU, TunedLayers.NONE.with(entry(1 + 5 * writer + k, 1)));
                          }
                        }))
            .toList();
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(5 * writers, file().load(GPU).entries().size());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(
          List.of("tuning.json", "tuning.json.lock"),
          left.map(p -> p.getFileName().toString()).sorted().toList());
    }
  }

  /** A writer that dies in the middle leaves the old file, and its lock ends with it. */
  @Test
  void processesAtOnceLoseNothing() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int writer = 0; writer < 3; writer++) {
      processes.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  Writer.class.getName(),
                  path().toString(),
                  Integer.toString(1 + 10 * writer))
              .redirectErrorStream(true)
              .start());
    }
    for (Process process : processes) {
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor(), said);
    }
    assertEquals(30, file().load(GPU).entries().size());
  }

  /** Adds ten entries. */
  static final class Writer {
    private Writer() {}

    public static void main(String[] args) {
      for (int k = 0; k < 10; k++) {
        int batch = Integer.parseInt(args[1]) + k;
        new TuningFile(Path.of(args[0])).add(GPU, TunedLayers.NONE.with(entry(batch, 1)));
      }
    }
  }
}
