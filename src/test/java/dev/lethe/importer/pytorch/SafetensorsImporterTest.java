package dev.lethe.importer.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.InputException;
import dev.lethe.ModelFormatException;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** State dictionaries with and without what PyTorch's LSTM may have, and damaged files. */
class SafetensorsImporterTest {
  private static final String WEIGHTS =
      tensor("weight_ih_l0", "[8,3]", 0, 96) + "," + tensor("weight_hh_l0", "[8,2]", 96, 160);

  @TempDir Path folder;

  @Test
  void weightsKeepTheirOrderAndBiasesAreSummed() throws IOException {
    String biases =
        tensor("bias_ih_l0", "[8]", 160, 192) + "," + tensor("bias_hh_l0", "[8]", 192, 224);
    Cell cell = cell(read("{" + WEIGHTS + "," + biases + "}", 224));
    assertEquals(value(3 * 5 + 1), cell.input().at(5, 1));
    assertEquals(value(24 + 2 * 7), cell.recurrent().at(7, 0));
    assertEquals(value(40 + 6) + value(48 + 6), cell.bias().at(0, 6));
  }

  @Test
  void anInterruptedThreadIsNotTheFilesFault() throws IOException {
    Path file = write("{" + WEIGHTS + "}", 160);
    SafetensorsImporter importer = new SafetensorsImporter();
    Thread.currentThread().interrupt();
    try {
      InputException e = assertThrows(InputException.class, () -> importer.read(file, Map.of()));
      assertTrue(e.getMessage().endsWith("the thread was interrupted"), e.getMessage());
    } finally {
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void aPrefixIsIgnoredAndBiasesMayBeMissing() throws IOException {
    Cell cell = cell(read("{" + WEIGHTS.replace("weight", "encoder.lstm.weight") + "}", 160));
    assertEquals(2, cell.hiddenSize());
    assertEquals(0f, cell.bias().at(0, 3));
  }

  @Test
  void layersDirectionsAndProjections() throws IOException {
    StringBuilder json = new StringBuilder();
    int at = 0;
    for (int layer = 0; layer < 2; layer++) {
      for (String suffix : List.of("_l" + layer, "_l" + layer + "_reverse")) {
        int features = layer == 0 ? 3 : 2;
        json.append(at == 0 ? "" : ",")
            .append(tensor("weight_ih" + suffix, "[8," + features + "]", at, at += 32 * features));
        json.append(",").append(tensor("weight_hh" + suffix, "[8,1]", at, at += 32));
        json.append(",").append(tensor("weight_hr" + suffix, "[1,2]", at, at += 8));
      }
    }
    Graph graph = read("{" + json + "}", at);
    assertEquals(
        "[X FLOAT32 [batch, time, 3], sequence_lens INT32 [batch], initial_h FLOAT32 [4, batch, 1],"
            + " initial_c FLOAT32 [4, batch, 2]]",
        graph.inputs().toString());
    assertEquals(
        "[Y FLOAT32 [batch, time, 2], Y_h FLOAT32 [4, batch, 1], Y_c FLOAT32 [4, batch, 2]]",
        graph.outputs().toString());
    List<Lstm> layers = graph.lstms().toList();
    assertEquals(List.of(2, 2), layers.stream().map(l -> l.directions().size()).toList());
    assertTrue(layers.get(1).directions().get(1).reverse());
    assertEquals(value(24 + 8), layers.get(0).directions().get(0).cell().projection().at(0, 0));
  }

  @Test
  void metadataMayPutTimeFirst() throws IOException {
    Graph graph = read("{\"__metadata__\":{\"batch_first\":\"false\"}," + WEIGHTS + "}", 160);
    assertEquals("[time, batch, 3]", graph.inputs().get(0).shape().toString());
    assertEquals("[time, batch, 2]", graph.outputs().get(0).shape().toString());
  }

  @Test
  void halfPrecisionIsWidened() throws IOException {
    String json =
        "{"
            + WEIGHTS.replace("F32", "BF16").replace("0,96", "0,48").replace("96,160", "48,80")
            + "}";
    Path file = write(json, 80);
    Cell cell = cell((Graph) new SafetensorsImporter().read(file, Map.of()));
    int upper = Float.floatToRawIntBits(value(0)) >>> 16;
    assertEquals(Float.intBitsToFloat(upper << 16), cell.input().at(0, 1));
  }

  @Test
  void everyCutOfAFileIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(write("{" + WEIGHTS + "}", 160));
    for (int length = 0; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(whole, length));
      String message = refusal(file);
      assertTrue(message.startsWith(file + ": not a whole safetensors file: "), message);
    }
  }

  @Test
  void whatDoesNotFitIsNamed() throws IOException {
    assertRefused(
        "tensor 'weight_ih_l0' has 96 bytes for F32 [8, 4]", WEIGHTS.replace("[8,3]", "[8,4]"));
    assertRefused("lies at bytes 96 to 161 of 160", WEIGHTS.replace("160", "161"));
    assertRefused("negative number", WEIGHTS.replace("0,96", "-4,92"));
    assertRefused("has type I64", WEIGHTS.replace("F32", "I64"));
    assertRefused("'weight_hh_l0' is missing", tensor("weight_ih_l0", "[8,3]", 0, 96));
    assertRefused(
        "more than one LSTM: [a., b.]",
        WEIGHTS.replace("weight_i", "a.weight_i").replace("weight_h", "b.weight_h"));
    assertRefused(
        "its tensors claim 168 bytes of 160", WEIGHTS + "," + tensor("fc.weight", "[2]", 0, 8));
    assertRefused("no tensor is named like", tensor("fc.weight", "[2]", 0, 8));
    assertRefused("recurrent weights need 8 rows", WEIGHTS.replace("[8,2]", "[4,4]"));
    assertRefused("has 96 bytes for", WEIGHTS.replace("[8,3]", "[4611686018427387904,4]"));
  }

  @Test
  void anAbsurdHeaderIsRefused() throws IOException {
    byte[] bytes =
        ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(Long.MAX_VALUE).array();
    Path file = Files.write(folder.resolve("huge.safetensors"), bytes);
    assertTrue(refusal(file).contains("its header would be " + Long.MAX_VALUE + " bytes"));
  }

  private void assertRefused(String part, String tensors) throws IOException {
    String message = refusal(write("{" + tensors + "}", 160));
    assertTrue(message.contains(part) && message.lines().count() == 1, message);
  }

  private static String refusal(Path file) {
    return assertThrows(
            ModelFormatException.class, () -> new SafetensorsImporter().read(file, Map.of()))
        .getMessage();
  }

  private static Cell cell(Graph graph) {
    return graph.lstms().findFirst().orElseThrow().directions().get(0).cell();
  }

  private Graph read(String json, int bytes) throws IOException {
    return (Graph) new SafetensorsImporter().read(write(json, bytes), Map.of());
  }

  private Path write(String json, int bytes) throws IOException {
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + header.length + bytes).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length).put(header);
    for (int k = 0; k < bytes / 4; k++) {
      file.putFloat(value(k));
    }
    return Files.write(folder.resolve("model.safetensors"), file.array());
  }

  private static float value(int k) {
    return (float) Math.sin(k + 1);
  }

  private static String tensor(String name, String shape, int begin, int end) {
    return "\""
        + name
        + "\":{\"dtype\":\"F32\",\"shape\":"
        + shape
        + ",\"data_offsets\":["
        + begin
        + ","
        + end
        + "]}";
  }
}
