package dev.lethe.bench;

import com.google.protobuf.ByteString;
import dev.lethe.backend.Int8Rows;
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
import dev.lethe.network.Matrix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** The LSTM of a {@link LstmShape} as an ONNX model: x [T, B, I] to y [T, B, D*H]. */
final class OnnxModel {
  private static final int FLOAT = 1;
  private static final int INT8 = 3;
  private static final int INT64 = 7;
  private static final String MICROSOFT = "com.microsoft";

  /** Where ONNX's gates i, o, f, c stand among i, f, g, o. */
  private static final int[] GATES = {0, 3, 1, 2};

  private final LstmShape shape;
  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("lstm");

  private final boolean quantized;

  private OnnxModel(LstmShape shape, boolean quantized) {
    this.shape = shape;
    this.quantized = quantized;
  }

  /**
   * @param quantized with ONNX Runtime's DynamicQuantizeLSTM, whose weights are int8 with a scale
   *     for each row, in place of LSTM
   */
  static ModelProto of(LstmShape shape, boolean quantized) {
    return new OnnxModel(shape, quantized).build();
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
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(MICROSOFT).setVersion(1))
        .setGraph(graph)
        .build();
  }

  private void lstm(int layer, List<LstmShape.Weights> weights, String x) {
    int rows = LstmShape.GATES * shape.hiddenSize();
    int read = weights.get(0).inputSize();
    int hidden = shape.hiddenSize();
    int directions = weights.size();
    Data b = new Data(directions * 2 * rows);
    for (LstmShape.Weights direction : weights) {
      b.gates(direction.bias());
      b.gates(new float[rows]);
    }
    graph.addInitializer(b.tensor("B" + layer, directions, 2 * rows));
    List<float[]> input = weights.stream().map(LstmShape.Weights::input).toList();
    List<float[]> recurrent = weights.stream().map(LstmShape.Weights::recurrent).toList();
    List<String> inputs = List.of(x, "W" + layer, "R" + layer, "B" + layer);
    if (quantized) {
      quantized("W" + layer, input, read);
      quantized("R" + layer, recurrent, hidden);
      inputs =
          List.of(
              x,
              "W" + layer,
              "R" + layer,
              "B" + layer,
              "", // lengths, initial h and c, and peepholes: none
              "",
              "",
              "",
              "W" + layer + "s",
              "W" + layer + "z",
              "R" + layer + "s",
              "R" + layer + "z");
    } else {
      plain("W" + layer, input, read);
      plain("R" + layer, recurrent, hidden);
    }
    node("LSTM" + layer, quantized ? "DynamicQuantizeLSTM" : "LSTM", inputs, "Y" + layer)
        .setDomain(quantized ? MICROSOFT : "")
        .addAttribute(
            AttributeProto.newBuilder()
                .setName("hidden_size")
                .setType(AttributeType.INT)
                .setI(hidden))
        .addAttribute(
            AttributeProto.newBuilder()
                .setName("direction")
                .setType(AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(directions == 2 ? "bidirectional" : "forward")));
  }

  /** [D, 4H, columns]. */
  private void plain(String name, List<float[]> directions, int columns) {
    int rows = LstmShape.GATES * shape.hiddenSize();
    Data all = new Data(directions.size() * rows * columns);
    directions.forEach(all::gates);
    graph.addInitializer(all.tensor(name, directions.size(), rows, columns));
  }

  /** Integers [D, columns, 4H], their scales [D, 4H] and zero points, which are 0. */
  private void quantized(String name, List<float[]> directions, int columns) {
    int rows = LstmShape.GATES * shape.hiddenSize();
    ByteBuffer integers = ByteBuffer.allocate(directions.size() * rows * columns);
    Data scales = new Data(directions.size() * rows);
    for (float[] stacked : directions) {
      Int8Rows narrow = Int8Rows.of(Matrix.of(rows, columns, stacked));
      scales.gates(narrow.scales());
      for (int column = 0; column < columns; column++) {
        for (int gate : GATES) {
          for (int unit = 0; unit < shape.hiddenSize(); unit++) {
            integers.put((byte) narrow.at(gate * shape.hiddenSize() + unit, column));
          }
        }
      }
    }
    graph.addInitializer(bytes(name, integers.flip(), directions.size(), columns, rows));
    graph.addInitializer(scales.tensor(name + "s", directions.size(), rows));
    ByteBuffer zeros = ByteBuffer.allocate(directions.size() * rows);
    graph.addInitializer(bytes(name + "z", zeros, directions.size(), rows));
  }

  private static TensorProto bytes(String name, ByteBuffer values, long... dims) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(INT8);
    for (long dim : dims) {
      tensor.addDims(dim);
    }
    return tensor.setRawData(ByteString.copyFrom(values)).build();
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
