package dev.lethe.importer.keras;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused, in one line that says where and what. */
class KerasErrorsTest {
  private static final Path WEIGHTS =
      RecordedModelsTest.FOLDER.resolve("keras3_hard_sigmoid_weights/model.weights.h5");

  @TempDir Path folder;

  @Test
  void theModelThatIsDamagedBelowIsWhole() throws IOException {
    assertEquals(1, read(config()).outputs().size());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'\"class_name\": \"LSTM\"' | '\"class_name\": \"GRU\"' | (GRU): Lethe does not run",
        "'\"class_name\": \"TimeDistributed\"' | '\"class_name\": \"Lambda\"' | (Lambda): Lethe",
        "'\"units\": 3' | '\"units\": 5' | must be [2, 20]",
        "'\"units\": 3' | '\"units\": 0' | 'units'",
        "'\"units\": 3' | '\"units\": 99999999999' | 'units'",
        "'\"units\": 3' | '\"units\": \"three\"' | 'units'",
        "'\"units\": 3' | '\"unit\": 3' | 'units' is missing",
        "'\"units\": 3' | '\"units\": 3, \"units\": 3' | not whole JSON",
        "'\"activation\": \"tanh\"' | '\"activation\": \"gelu\"' | 'gelu'",
        "'\"activation\": \"tanh\"' | '\"activation\": \"softmax\"' | 'softmax'",
        "'\"class_name\": \"Sequential\"' | '\"class_name\": \"MyModel\"' | is a MyModel",
        "'\"registered_name\": null' | '\"registered_name\": \"my>LSTM\"' | custom class",
        "'\"module\": \"keras.layers\", \"class_name\": \"LSTM\"' |"
            + " '\"module\": \"my.layers\", \"class_name\": \"LSTM\"' | custom class my.layers.LSTM",
        "'\"go_backwards\": false' | '\"go_backwards\": false, \"time_major\": true' | time_major",
        "'\"return_sequences\": true' | '\"return_sequences\": \"yes\"' | 'return_sequences'",
      })
  void refuses(String from, String to, String named) throws IOException {
    String config = config();
    assertTrue(config.contains(from), from);
    String message = refusal(config.replace(from, to));
    assertTrue(message.contains(named), message);
  }

  @Test
  void saysWhatIsSupported() throws IOException {
    String message =
        refusal(config().replace("\"class_name\": \"LSTM\"", "\"class_name\": \"GRU\""));
    assertTrue(message.contains("layer 'lstm"), message);
    assertTrue(message.contains("Bidirectional") && message.contains("TimeDistributed"), message);
  }

  @Test
  void refusesWeightsWithoutAConfiguration() throws IOException {
    Path file = folder.resolve("model.weights.h5");
    Files.copy(WEIGHTS, file);
    assertTrue(message(file).contains("model.weights.json"), message(file));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 100, 5000})
  void refusesATruncatedFile(int bytes) throws IOException {
    for (String name : new String[] {"model.keras", "model.h5"}) {
      Path file = folder.resolve(name);
      Files.write(file, Arrays.copyOf(Files.readAllBytes(whole(name)), bytes));
      assertTrue(message(file).startsWith(file.toString()), message(file));
    }
  }

  /** Whatever is damaged, nothing but a {@link ModelFormatException} may come of it. */
  @Test
  void survivesDamage() throws IOException {
    byte[] bytes = Files.readAllBytes(whole("model.h5"));
    Random random = new Random(8);
    Path file = folder.resolve("damaged.h5");
    int refused = 0;
    for (int k = 0; k < 300; k++) {
      byte[] damaged = bytes.clone();
      for (int n = 0; n < 20; n++) {
        damaged[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      Files.write(file, damaged);
      refused += isRefused(file) ? 1 : 0;
    }
    assertTrue(refused > 30, "refused " + refused);
  }

  @Test
  void aLayerWithoutWeightsIsNoLargerThanTheFileAllows() {
    String layers =
        "{\"class_name\": \"Sequential\", \"registered_name\": null, \"config\": {\"layers\": ["
            + "{\"module\": \"keras.layers\", \"class_name\": \"InputLayer\", \"config\":"
            + " {\"batch_shape\": [null, 6, 16777216], \"name\": \"x\"}},"
            + "{\"module\": \"keras.layers\", \"class_name\": \"LayerNormalization\", \"config\":"
            + " {\"name\": \"y\", \"scale\": false, \"center\": false}}]}}";
    String message = refusal(layers);
    assertTrue(message.contains("more than the file can hold"), message);
  }

  /** Every tree of groups becomes one whose children are itself. */
  @Test
  void groupsThatLeadBackToThemselvesEnd() throws IOException {
    byte[] bytes = Files.readAllBytes(whole("model.h5"));
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int trees = 0;
    for (int at = 0; at < bytes.length - 48; at += 8) {
      // signature, type, level, entries, two siblings, key, child
      if (file.getInt(at) == 0x45455254 && file.get(at + 4) == 0) {
        file.put(at + 5, (byte) 1).putLong(at + 32, at);
        trees++;
      }
    }
    assertTrue(trees > 0);
    Path circular = Files.write(folder.resolve("circular.h5"), bytes);
    assertTrue(message(circular).contains("not a whole HDF5 file"), message(circular));
  }

  @ParameterizedTest
  @ValueSource(strings = {"../evil.h5", "/etc/evil", "assets/../../evil", "a\\evil"})
  void refusesNamesThatLeaveTheArchive(String name) throws IOException {
    Map<String, byte[]> entries = entries();
    entries.put(name, new byte[] {1});
    String message = message(zip(entries));
    assertTrue(message.contains("leave"), message);
  }

  @Test
  void readsTheArchiveThatIsDamagedAbove() throws IOException {
    assertEquals(1, Network.load(zip(entries())).outputs().size());
  }

  @Test
  void refusesAnArchiveThatGrowsBeyondReason() throws IOException {
    Map<String, byte[]> entries = entries();
    entries.put("config.json", new byte[80 << 20]);
    String message = message(zip(entries));
    assertTrue(message.contains("config.json would be"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "metadata.json", "model.weights.h5"})
  void refusesAnArchiveWithoutOneOfItsParts(String name) throws IOException {
    Map<String, byte[]> entries = entries();
    entries.remove(name);
    assertTrue(message(zip(entries)).contains("has no " + name), name);
  }

  @Test
  void refusesDeepJson() throws IOException {
    String message = refusal("[".repeat(100_000));
    assertTrue(message.contains("not whole JSON"), message);
  }

  private static Path whole(String name) throws IOException {
    String fixture = name.endsWith("keras") ? "keras3_hard_sigmoid" : "keras2_hard_sigmoid";
    return RecordedModelsTest.model(RecordedModelsTest.FOLDER.resolve(fixture));
  }

  private static String config() throws IOException {
    return Files.readString(WEIGHTS.resolveSibling("model.json"));
  }

  private Network read(String config) throws IOException {
    Path file = folder.resolve("model.weights.h5");
    Files.copy(WEIGHTS, file);
    Files.writeString(folder.resolve("model.json"), config);
    return Network.load(file);
  }

  private String refusal(String config) {
    return oneLine(assertThrows(ModelFormatException.class, () -> read(config)));
  }

  private static String message(Path file) {
    return oneLine(assertThrows(ModelFormatException.class, () -> Network.load(file)));
  }

  private static boolean isRefused(Path file) {
    try {
      Network.load(file);
      return false;
    } catch (ModelFormatException e) {
      oneLine(e);
      return true;
    }
  }

  private static String oneLine(ModelFormatException e) {
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    return e.getMessage();
  }

  private static Map<String, byte[]> entries() throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    entries.put("metadata.json", "{\"keras_version\": \"3.1\"}".getBytes(StandardCharsets.UTF_8));
    entries.put("config.json", config().getBytes(StandardCharsets.UTF_8));
    entries.put("model.weights.h5", Files.readAllBytes(WEIGHTS));
    return entries;
  }

  private Path zip(Map<String, byte[]> entries) throws IOException {
    Path file = folder.resolve("made.keras");
    try (OutputStream out = Files.newOutputStream(file);
        ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue());
        zip.closeEntry();
      }
    }
    return file;
  }
}
