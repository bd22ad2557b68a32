package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.ValueInfoProto;
import java.nio.file.Path;
import java.util.Arrays;

/** Constants that the caller gives for inputs of the graph. */
final class BoundInput {
  private BoundInput() {}

  /**
   * @throws InputException when the tensor is not what the input declares
   */
  static Item item(Path file, ValueInfoProto declared, Tensor tensor) {
    GraphInput input = GraphInput.of(declared);
    boolean fits = tensor.type() == input.type() && tensor.rank() == input.shape().rank();
    for (int axis = 0; fits && axis < tensor.rank(); axis++) {
      Dim dim = input.shape().dim(axis);
      fits = !dim.isConstant() || dim.equals(Dim.of(tensor.dimension(axis)));
    }
    if (!fits) {
      throw new InputException(
          file
              + ": input '"
              + declared.getName()
              + "' must be "
              + input.type()
              + " "
              + input.shape()
              + ", is "
              + tensor);
    }
    return tensor.type() == Tensor.Type.FLOAT32
        ? new Item.Floats(tensor.shape(), tensor.toFloatArray())
        : new Item.Ints(
            tensor.shape(), Arrays.stream(tensor.toIntArray()).mapToObj(Num::of).toList());
  }
}
