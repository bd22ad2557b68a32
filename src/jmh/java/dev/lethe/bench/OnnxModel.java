package dev.lethe.bench;

import com.google.protobuf.ByteString;
import dev.lethe.importer.onnx.proto.AttributeProto;
import dev.lethe.importer.onnx.proto.AttributeProto.AttributeType;
import dev.lethe.importer.onnx.proto.GraphProto;
import dev.lethe.importer.onnx.proto.ModelProto;
import dev.lethe.importer.onnx.proto.NodeProto;
import dev.lethe.importer.onnx.proto.OperatorSetIdProto;
import dev.lethe.importer.onnx.proto.TensorProto;
import dev.lethe.importer.onnx.proto.TensorShapeProto;
import dev.lethe.importer.onnx.proto.TypeProto;
import dev.lethe.importer.onnx.proto.ValueInfoProto;
import dev.lethe.network.LstmShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** The LSTM of a {@link LstmShape} as an ONNX model: x [T, B, I] to y [T, B, D*H]. */
final class OnnxModel {
  private static final int FLOAT = 1;
  private static final int INT64 = 7;

  /** Where ONNX's gates i, o, f, c stand among i, f, g, o. */
  private static final int[] GATES = {0, 3, 1, 2};

  private final LstmShape shape;
  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("lstm");

  private OnnxModel(LstmShape shape) {
    this.shape = shape;
  }

  static ModelProto of(LstmShape shape) {
    return new OnnxModel(shape).build();
  }

  private ModelProto build() {
    graph.addInput(port("x", shape.inputSize())).addOutput(port("y", shape.outputSize()));
    // [T, D, B, H], with the directions' axis moved inwards, as [T, B, D*H].
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName("merged")
            .setDataType(INT64)
            .addDims(3)
            .addInt64Data(0)
            .addInt64Data(0)
            .addInt64Data(shape.outputSize()));
    String value = "x";
    List<List<LstmShape.Weights>> layers = shape.weights();
    for (int layer = 0; layer < layers.size(); layer++) {
      String merged = layer == layers.size() - 1 ? "y" : "y" + layer;
      lstm(layer, layers.get(layer), value);
      node("Transpose" + layer, "Transpose", List.of("Y" + layer), "T" + layer)
          .addAttribute(integers("perm", 0, 2, 1, 3));
      node("Reshape" + layer, "Reshape", List.of("T" + layer, "merged"), merged);
      value = merged;
    }
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(14))
        .setGraph(graph)
        .build();
  }

  private void lstm(int layer, List<LstmShape.Weights> weights, String x) {
    int rows = LstmShape.GATES * shape.hiddenSize();
    int read = weights.get(0).inputSize();
    Data w = new Data(weights.size() * rows * read);
    Data r = new Data(weights.size() * rows * shape.hiddenSize());
    Data b = new Data(weights.size() * 2 * rows);
    for (LstmShape.Weights direction : weights) {
      w.gates(direction.input());
      r.gates(direction.recurrent());
      b.gates(direction.bias());
      b.gates(new float[rows]);
    }
    graph.addInitializer(w.tensor("W" + layer, weights.size(), rows, read));
    graph.addInitializer(r.tensor("R" + layer, weights.size(), rows, shape.hiddenSize()));
    graph.addInitializer(b.tensor("B" + layer, weights.size(), 2 * rows));
    node("LSTM" + layer, "LSTM", List.of(x, "W" + layer, "R" + layer, "B" + layer), "Y" + layer)
        .addAttribute(
            AttributeProto.newBuilder()
                .setName("hidden_size")
                .setType(AttributeType.INT)
                .setI(shape.hiddenSize()))
        .addAttribute(
            AttributeProto.newBuilder()
                .setName("direction")
                .setType(AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(weights.size() == 2 ? "bidirectional" : "forward")));
  }

  private NodeProto.Builder node(String name, String operator, List<String> inputs, String output) {
    return graph
        .addNodeBuilder()
        .setName(name)
        .setOpType(operator)
        .addAllInput(inputs)
        .addOutput(output);
  }

  private ValueInfoProto port(String name, int width) {
    TensorShapeProto.Builder dims = TensorShapeProto.newBuilder();
    for (long length : new long[] {shape.steps(), shape.batch(), width}) {
      dims.addDimBuilder().setDimValue(length);
    }
    TypeProto.Tensor tensor =
        TypeProto.Tensor.newBuilder().setElemType(FLOAT).setShape(dims).build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  private static AttributeProto integers(String name, long... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute.build();
  }

  /** Little-endian floats, gates in ONNX's order. */
  private static final class Data {
    private final ByteBuffer bytes;

    Data(int floats) {
      bytes = ByteBuffer.allocate(Float.BYTES * floats).order(ByteOrder.LITTLE_ENDIAN);
    }

    void gates(float[] stacked) {
      int block = stacked.length / GATES.length;
      for (int gate : GATES) {
        for (int k = 0; k < block; k++) {
          bytes.putFloat(stacked[gate * block + k]);
        }
      }
    }

    TensorProto tensor(String name, long... dims) {
      TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
      for (long dim : dims) {
        tensor.addDims(dim);
      }
      return tensor.setRawData(ByteString.copyFrom(bytes.flip())).build();
    }
  }
}
