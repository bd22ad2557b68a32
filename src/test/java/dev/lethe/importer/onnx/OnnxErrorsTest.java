package dev.lethe.importer.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.lethe.InputException;
import dev.lethe.ModelFormatException;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.StringStringEntryProto;
import dev.lethe.importer.onnx.proto.TensorProto;
import dev.lethe.network.Dense;
import dev.lethe.network.Graph;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Damaged and hostile files end in one line that says what and where. */
class OnnxErrorsTest {
  @TempDir Path folder;

  @Test
  void everyCutOfAFileIsRefusedOrStillAModel() throws IOException {
    byte[] whole = small().build().toByteArray();
    for (int length = 0; length < whole.length; length++) {
      readOrRefuse(Arrays.copyOf(whole, length));
    }
    String message = refusal(Arrays.copyOf(whole, whole.length - 1));
    assertTrue(message.contains("model.onnx: not a whole ONNX model: "), message);
  }

  @Test
  void flippedBytesAreRefusedOrStillAModel() throws IOException {
    byte[] whole = small().build().toByteArray();
    Random random = new Random(7);
    int refused = 0;
    for (int round = 0; round < 500; round++) {
      byte[] flipped = whole.clone();
      flipped[random.nextInt(flipped.length)] = (byte) random.nextInt(256);
      refused += readOrRefuse(flipped) ? 0 : 1;
    }
    assertTrue(refused > 25, "only " + refused + " of 500 damaged files were refused");
  }

  @Test
  void aLengthNear2To31IsRefused() throws IOException {
    byte[] graphOfThatLength = {8, 8, 7 << 3 | 2, -1, -1, -1, -1, 7, 10, 2, 10, 0};
    String message = refusal(graphOfThatLength);
    assertTrue(message.contains("model.onnx: not a whole ONNX model: "), message);
  }

  @Test
  void aNameWithALineBreakLeavesTheMessageOneLine() throws IOException {
    byte[] model =
        new Models(14)
            .input("X", 5, 4, 3)
            .node("Sine\n\u001b[31m", List.of("X"), List.of("Y"))
            .output("Y")
            .build()
            .toByteArray();
    String message = refusal(model);
    assertTrue(message.contains("Sine ?[31m"), message);
  }

  @Test
  void anUnknownOperatorIsNamedBeforeAnythingElse() {
    String message =
        refusal(
            new Models(14)
                .input("x", 4)
                .node("Relu", List.of("missing"), List.of("y"))
                .node("GRU", List.of("y"), List.of("z"))
                .output("z"));
    assertTrue(
        message.contains(
            "node 'the GRU' has operator GRU, which Lethe does not run; it runs Add, "),
        message);
  }

  @Test
  void oldOpsetsAreRefused() {
    String message =
        refusal(new Models(6).input("x", 4).node("Relu", List.of("x"), List.of("y")).output("y"));
    assertTrue(message.contains("opset 6"), message);
  }

  @Test
  void arithmeticOnIntegerDataIsRefused() {
    String message =
        refusal(
            new Models(14)
                .integerInput("ids", "n")
                .node("Tanh", List.of("ids"), List.of("y"))
                .output("y"));
    assertTrue(message.contains("node 'the Tanh' (Tanh): computes with integers ids [n]"), message);
  }

  @Test
  void whatNothingWroteIsNamed() {
    String message =
        refusal(new Models(14).input("x", 4).node("Relu", List.of("z"), List.of("y")).output("y"));
    assertTrue(
        message.contains("node 'the Relu' (Relu): reads 'z', which nothing wrote before"), message);
    String output = refusal(new Models(14).input("x", 4).output("y"));
    assertTrue(output.contains("nothing writes its output 'y'"), output);
  }

  @Test
  void absurdSizesAreRefusedBeforeAnythingIsAllocated() {
    TensorProto huge =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(1)
            .addDims(1L << 31)
            .addDims(1L << 31)
            .build();
    assertTrue(
        refusal(new Models(14).input("x", 4).tensor(huge).output("x")).contains("tensor 'w'"));
    TensorProto large =
        TensorProto.newBuilder().setName("w").setDataType(1).addDims(200_000_000L).build();
    assertTrue(refusal(new Models(14).input("x", 4).tensor(large).output("x")).contains("has 0"));
    assertTrue(refusal(new Models(14).input("x", 1L << 40).output("x")).contains("input 'x'"));
    String fill =
        refusal(
            new Models(14)
                .input("x", 4, 1 << 20)
                .integers("s", 1 << 20, 1 << 20)
                .node("ConstantOfShape", List.of("s"), List.of("w"))
                .node("MatMul", List.of("x", "w"), List.of("y"))
                .output("y"));
    assertTrue(fill.contains("too large"), fill);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../secret.bin",
        "/etc/hostname",
        "a/../../secret.bin",
        "",
        "..\\secret.bin",
        "missing.bin"
      })
  void externalDataStayInTheFolder(String location) throws IOException {
    Files.write(folder.resolve("secret.bin"), new byte[16]);
    Path inner = Files.createDirectory(folder.resolve("model"));
    Path file = external(location, Map.of()).write(inner);
    String message =
        assertThrows(ModelFormatException.class, () -> new OnnxImporter().read(file, Map.of()))
            .getMessage();
    assertTrue(message.contains("tensor 'w'") && message.contains("folder"), message);
  }

  @Test
  void linksOutOfTheFolderAreNotFollowed() throws IOException {
    Path secret = Files.write(folder.resolve("secret.bin"), new byte[16]);
    Path inner = Files.createDirectory(folder.resolve("model"));
    Files.createSymbolicLink(inner.resolve("w.bin"), secret);
    Path file = external("w.bin", Map.of()).write(inner);
    assertThrows(ModelFormatException.class, () -> new OnnxImporter().read(file, Map.of()));
  }

  @Test
  void externalDataAreReadWithinTheirBounds() throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).position(4);
    bytes.putFloat(1.5f).putFloat(-2).putFloat(3).putFloat(-4.25f);
    Files.write(folder.resolve("w.bin"), bytes.array());
    Graph graph = external("w.bin", Map.of("offset", "4", "length", "16")).read(folder);
    Dense dense = (Dense) graph.steps().get(0);
    assertArrayEquals(new float[] {1.5f, -2, 3, -4.25f}, dense.weights().toArray());
    for (String offset : List.of("5", "-1", "9223372036854775807", "x")) {
      String message = refusal(external("w.bin", Map.of("offset", offset)));
      assertTrue(message.contains("tensor 'w'"), message);
    }
    assertTrue(refusal(external("w.bin", Map.of("length", "15"))).contains("needs 16 bytes"));
  }

  @Test
  void tensorFilesAreReadAndRefused() throws IOException {
    ByteString raw = ByteString.copyFrom(new byte[] {0, 0x3c, 0, (byte) 0xc1, 1, 0});
    TensorProto half = TensorProto.newBuilder().setDataType(10).addDims(3).setRawData(raw).build();
    Path file = Files.write(folder.resolve("input_0.pb"), half.toByteArray());
    assertArrayEquals(new float[] {1, -2.5f, 0x1p-24f}, TensorFiles.read(file).toFloatArray());
    TensorProto integers =
        TensorProto.newBuilder().setDataType(7).addDims(1).addInt64Data(-5).build();
    Tensor tensor = TensorFiles.read(Files.write(file, integers.toByteArray()));
    assertEquals(Tensor.Type.INT32, tensor.type());
    assertArrayEquals(new int[] {-5}, tensor.toIntArray());
    TensorProto large = integers.toBuilder().setInt64Data(0, 1L << 40).build();
    Files.write(file, large.toByteArray());
    assertTrue(
        assertThrows(InputException.class, () -> TensorFiles.read(file))
            .getMessage()
            .contains("input_0.pb"));
    Files.write(file, new byte[] {8, 2, 74, 100});
    assertTrue(
        assertThrows(InputException.class, () -> TensorFiles.read(file))
            .getMessage()
            .contains("not a whole"));
  }

  private static Models external(String location, Map<String, String> more) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(1)
            .addDims(2)
            .addDims(2)
            .setDataLocation(1)
            .addExternalData(
                StringStringEntryProto.newBuilder().setKey("location").setValue(location));
    more.forEach(
        (key, value) ->
            tensor.addExternalData(
                StringStringEntryProto.newBuilder().setKey(key).setValue(value)));
    return new Models(14)
        .input("x", "n", 2)
        .tensor(tensor.build())
        .node("MatMul", List.of("x", "w"), List.of("y"))
        .output("y");
  }

  private static Models small() {
    return new Models(14)
        .input("X", "time", "batch", 3)
        .lstmWeights(3, 2)
        .integers("axes", 1)
        .node("LSTM", List.of("X", "W", "R"), List.of("Y", "h"))
        .node("Squeeze", List.of("Y", "axes"), List.of("S"))
        .node("Transpose", List.of("S"), List.of("T"), Models.list("perm", 1, 0, 2))
        .output("T", "h");
  }

  private boolean readOrRefuse(byte[] bytes) throws IOException {
    Path file = Files.write(folder.resolve("model.onnx"), bytes);
    try {
      new OnnxImporter().read(file, Map.of());
      return true;
    } catch (ModelFormatException e) {
      assertTrue(
          e.getMessage().startsWith(file + ": ") && e.getMessage().lines().count() == 1,
          e.getMessage());
      return false;
    }
  }

  private String refusal(byte[] bytes) throws IOException {
    Path file = Files.write(folder.resolve("model.onnx"), bytes);
    return assertThrows(ModelFormatException.class, () -> new OnnxImporter().read(file, Map.of()))
        .getMessage();
  }

  private String refusal(Models models) {
    return assertThrows(ModelFormatException.class, () -> models.read(folder)).getMessage();
  }
}
