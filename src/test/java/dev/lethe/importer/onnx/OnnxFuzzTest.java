package dev.lethe.importer.onnx;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.lethe.fuzz.Stranger;
import dev.lethe.importer.onnx.proto.ModelProto;
import dev.lethe.importer.onnx.proto.StringStringEntryProto;
import dev.lethe.importer.onnx.proto.TensorProto;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** ONNX models, byte by byte and field by field; one file of external data lies beside them. */
class OnnxFuzzTest {
  private static final int LARGEST = 1 << 12;

  static Stream<byte[]> files() {
    return Stream.concat(models().map(ModelProto::toByteArray), Stranger.seeds(".onnx", LARGEST));
  }

  static Stream<ModelProto> models() {
    return Stream.of(layer(), exported(), external(), arithmetic());
  }

  @MethodSource("files")
  @FuzzTest
  void bytes(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN)) {
      stranger.with("w.bin", new byte[64]).with("model.onnx", file);
      stranger.readBy(Stranger::load, "model.onnx");
    }
  }

  @MethodSource("models")
  @FuzzTest
  void model(@NotNull ModelProto model) {
    bytes(model.toByteArray());
  }

  @MethodSource("tensors")
  @FuzzTest
  void tensor(byte[] file) {
    try (Stranger stranger =
        new Stranger(Stranger.PLAIN).with("w.bin", new byte[64]).with("x.pb", file)) {
      stranger.readBy(TensorFiles::read, "x.pb");
    }
  }

  static Stream<byte[]> tensors() throws InvalidProtocolBufferException {
    return models()
        .flatMap(model -> model.getGraph().getInitializerList().stream())
        .map(TensorProto::toByteArray);
  }

  private static ModelProto layer() {
    return new Models(14)
        .input("X", "time", "batch", 3)
        .lstmWeights(3, 2)
        .integers("axes", 1)
        .node("LSTM", List.of("X", "W", "R"), List.of("Y", "h"))
        .node("Squeeze", List.of("Y", "axes"), List.of("S"))
        .node("Transpose", List.of("S"), List.of("T"), Models.list("perm", 1, 0, 2))
        .output("T", "h")
        .build();
  }

  /** As PyTorch exports it: zeros of the batch's size as initial states. */
  private static ModelProto exported() {
    return new Models(17)
        .input("X", "batch", "time", 3)
        .lstmWeights(3, 2)
        .floats("B", Models.random(16), 1, 16)
        .integers("zero", 0)
        .integers("ends", 1, 2)
        .floats("dense", Models.random(8), 2, 4)
        .node("Shape", List.of("X"), List.of("shape"))
        .node("Gather", List.of("shape", "zero"), List.of("n"), Models.attribute("axis", 0))
        .node("Concat", List.of("ends", "n"), List.of("states"), Models.attribute("axis", 0))
        .node("Slice", List.of("states", "zero", "ends"), List.of("part"))
        .node("ConstantOfShape", List.of("ends"), List.of("h0"))
        .node("Transpose", List.of("X"), List.of("x"), Models.list("perm", 1, 0, 2))
        .node(
            "LSTM",
            List.of("x", "W", "R", "B"),
            List.of("Y", "Yh"),
            Models.attribute("hidden_size", 2),
            Models.attribute("direction", "forward"),
            Models.texts("activations", "Sigmoid", "Tanh", "Tanh"),
            Models.attribute("clip", 3f))
        .node("Squeeze", List.of("Yh", "zero"), List.of("last"))
        .node("MatMul", List.of("last", "dense"), List.of("m"))
        .node("Softmax", List.of("m"), List.of("p"), Models.attribute("axis", -1))
        .output("p")
        .build();
  }

  private static ModelProto external() {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setName("w").setDataType(1).addDims(2).addDims(2);
    tensor.setDataLocation(1);
    for (String[] entry :
        new String[][] {{"location", "w.bin"}, {"offset", "16"}, {"length", "16"}}) {
      tensor.addExternalData(
          StringStringEntryProto.newBuilder().setKey(entry[0]).setValue(entry[1]));
    }
    return new Models(14)
        .input("x", "n", 2)
        .tensor(tensor.build())
        .node("MatMul", List.of("x", "w"), List.of("y"))
        .node("Relu", List.of("y"), List.of("z"))
        .output("z")
        .build();
  }

  private static ModelProto arithmetic() {
    return new Models(13)
        .input("x", "n", 4)
        .integers("two", 2)
        .integers("shape", 2, 2)
        .node("Shape", List.of("x"), List.of("s"))
        .node("Mul", List.of("s", "two"), List.of("d"))
        .node("Add", List.of("d", "two"), List.of("e"))
        .node("Expand", List.of("two", "shape"), List.of("f"))
        .node("Unsqueeze", List.of("x", "two"), List.of("u"))
        .node("Flatten", List.of("x"), List.of("r"))
        .node("Reshape", List.of("r", "shape"), List.of("q"))
        .node("Tanh", List.of("x"), List.of("y"))
        .node("Split", List.of("y"), List.of("a", "b"), Models.attribute("axis", 1))
        .node("Concat", List.of("b", "a"), List.of("z"), Models.attribute("axis", 1))
        .output("z")
        .build();
  }
}
