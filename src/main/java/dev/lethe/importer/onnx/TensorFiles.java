package dev.lethe.importer.onnx;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.lethe.InputException;
import dev.lethe.ModelFormatException;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.GraphProto;
import dev.lethe.importer.onnx.proto.NodeProto;
import dev.lethe.importer.onnx.proto.TensorProto;
import dev.lethe.importer.onnx.proto.ValueInfoProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What recorded test cases of ONNX need: tensors in files of their own, and the order of a model's
 * inputs.
 */
public final class TensorFiles {
  private static final List<Integer> WEIGHT_INPUTS = List.of(1, 2, 3, 7);

  private TensorFiles() {}

  /**
   * Reads one tensor (an ONNX TensorProto, usually named {@code .pb}). Half and double precision
   * become single, 64-bit integers 32-bit ones.
   *
   * @throws InputException when the file is damaged, holds another type or an integer that is too
   *     large
   */
  public static Tensor read(Path file) {
    try {
      Item.Known item =
          new TensorReader(file).read(TensorProto.parser().parseFrom(OnnxFile.stream(file)));
      return item instanceof Item.Floats floats
          ? Tensor.of(floats.data(), floats.lengths())
          : Tensor.of(integers((Item.Ints) item), item.lengths());
    } catch (InvalidProtocolBufferException e) {
      throw new InputException(file + ": not a whole ONNX tensor: " + OnnxFile.oneLine(e), e);
    } catch (IOException | ArithmeticException | ModelFormatException e) {
      String message = OnnxFile.oneLine(e);
      throw new InputException(
          message.startsWith(file.toString()) ? message : file + ": " + message, e);
    }
  }

  /**
   * The inputs that a model wants to be given, in the file's order; trained numbers in the file are
   * none.
   *
   * @throws ModelFormatException when it is not a whole ONNX model
   */
  public static List<String> inputNames(Path onnx) {
    return inputNames(OnnxFile.parse(onnx).getGraph());
  }

  /**
   * The outputs of a model in the file's order.
   *
   * @throws ModelFormatException when it is not a whole ONNX model
   */
  public static List<String> outputNames(Path onnx) {
    return OnnxFile.parse(onnx).getGraph().getOutputList().stream()
        .map(ValueInfoProto::getName)
        .toList();
  }

  /**
   * Those inputs that are weights of an LSTM layer, and so must be bound when the model is loaded.
   *
   * @throws ModelFormatException when it is not a whole ONNX model
   */
  public static List<String> weightNames(Path onnx) {
    GraphProto graph = OnnxFile.parse(onnx).getGraph();
    Set<String> weights =
        graph.getNodeList().stream()
            .filter(node -> node.getOpType().equals("LSTM"))
            .flatMap(node -> weights(node).stream())
            .collect(Collectors.toSet());
    return inputNames(graph).stream().filter(weights::contains).toList();
  }

  private static List<String> inputNames(GraphProto graph) {
    List<String> names =
        new ArrayList<>(graph.getInputList().stream().map(ValueInfoProto::getName).toList());
    names.removeAll(
        graph.getInitializerList().stream().map(TensorProto::getName).collect(Collectors.toSet()));
    return List.copyOf(names);
  }

  private static List<String> weights(NodeProto lstm) {
    return WEIGHT_INPUTS.stream()
        .filter(k -> k < lstm.getInputCount())
        .map(lstm::getInput)
        .toList();
  }

  private static int[] integers(Item.Ints ints) {
    return ints.data().stream().mapToInt(num -> Math.toIntExact(num.value())).toArray();
  }
}
