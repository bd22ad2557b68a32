package dev.lethe.importer.onnx;

import com.google.protobuf.ByteString;
import dev.lethe.Tensor;
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
import dev.lethe.network.Graph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Small ONNX models, built in memory and written to a folder. */
final class Models {
  private static final int FLOAT = 1;
  private static final int INT32 = 6;
  private static final int INT64 = 7;

  private final GraphProto.Builder graph = GraphProto.newBuilder().setName("test");
  private final long opset;

  Models(long opset) {
    this.opset = opset;
  }

  /** An input; a dimension is a number or a name. */
  Models input(String name, Object... dims) {
    graph.addInput(info(name, FLOAT, dims));
    return this;
  }

  Models integerInput(String name, Object... dims) {
    graph.addInput(info(name, INT64, dims));
    return this;
  }

  /** sequence_lens [batch], as the operator LSTM has it. */
  Models lengthsInput(String name, Object batch) {
    graph.addInput(info(name, INT32, batch));
    return this;
  }

  Models output(String... names) {
    List.of(names).forEach(name -> graph.addOutput(ValueInfoProto.newBuilder().setName(name)));
    return this;
  }

  Models floats(String name, float[] values, long... dims) {
    TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(FLOAT);
    for (long dim : dims) {
      tensor.addDims(dim);
    }
    for (float value : values) {
      tensor.addFloatData(value);
    }
    return tensor(tensor.build());
  }

  Models integers(String name, long... values) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder().setName(name).setDataType(INT64).addDims(values.length);
    for (long value : values) {
      tensor.addInt64Data(value);
    }
    return tensor(tensor.build());
  }

  Models tensor(TensorProto tensor) {
    graph.addInitializer(tensor);
    return this;
  }

  /** A node; an empty name leaves an input or output out. */
  Models node(
      String operator, List<String> inputs, List<String> outputs, AttributeProto... attributes) {
    long before = graph.getNodeList().stream().filter(n -> n.getOpType().equals(operator)).count();
    graph.addNode(
        NodeProto.newBuilder()
            .setOpType(operator)
            .setName("the " + (before == 0 ? "" : before + 1 + ". ") + operator)
            .addAllInput(inputs)
            .addAllOutput(outputs)
            .addAllAttribute(List.of(attributes)));
    return this;
  }

  /** W [1, 4*hidden, features] and R [1, 4*hidden, hidden] of seeded numbers. */
  Models lstmWeights(int features, int hidden) {
    return floats("W", random(4 * hidden * features), 1, 4L * hidden, features)
        .floats("R", random(4 * hidden * hidden), 1, 4L * hidden, hidden);
  }

  ModelProto build() {
    return ModelProto.newBuilder()
        .setIrVersion(8)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(opset))
        .setGraph(graph)
        .build();
  }

  Path write(Path folder) throws IOException {
    return Files.write(folder.resolve("model.onnx"), build().toByteArray());
  }

  Graph read(Path folder, Map<String, Tensor> constants) throws IOException {
    return (Graph) new OnnxImporter().read(write(folder), constants);
  }

  Graph read(Path folder) throws IOException {
    return read(folder, Map.of());
  }

  static AttributeProto attribute(String name, long value) {
    return named(name, AttributeType.INT).setI(value).build();
  }

  static AttributeProto attribute(String name, float value) {
    return named(name, AttributeType.FLOAT).setF(value).build();
  }

  static AttributeProto attribute(String name, String value) {
    return named(name, AttributeType.STRING).setS(ByteString.copyFromUtf8(value)).build();
  }

  static AttributeProto list(String name, long... values) {
    AttributeProto.Builder attribute = named(name, AttributeType.INTS);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute.build();
  }

  static AttributeProto reals(String name, float... values) {
    AttributeProto.Builder attribute = named(name, AttributeType.FLOATS);
    for (float value : values) {
      attribute.addFloats(value);
    }
    return attribute.build();
  }

  static AttributeProto texts(String name, String... values) {
    AttributeProto.Builder attribute = named(name, AttributeType.STRINGS);
    List.of(values).forEach(value -> attribute.addStrings(ByteString.copyFromUtf8(value)));
    return attribute.build();
  }

  static float[] random(int count) {
    Random random = new Random(20261121L + count);
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] = random.nextFloat() * 2 - 1;
    }
    return values;
  }

  private static AttributeProto.Builder named(String name, AttributeType type) {
    return AttributeProto.newBuilder().setName(name).setType(type);
  }

  private static ValueInfoProto info(String name, int type, Object... dims) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    for (Object dim : dims) {
      TensorShapeProto.Dimension.Builder dimension = shape.addDimBuilder();
      if (dim instanceof Number number) {
        dimension.setDimValue(number.longValue());
      } else {
        dimension.setDimParam(dim.toString());
      }
    }
    TypeProto.Tensor tensor =
        TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape).build();
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }
}
