package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.TensorShapeProto;
import dev.lethe.importer.onnx.proto.TypeProto;
import dev.lethe.importer.onnx.proto.ValueInfoProto;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * An input of the graph as the file declares it.
 *
 * @param name its name
 * @param type of an element; 64-bit integers are 32-bit ones in Lethe
 * @param shape sizes that the file leaves open have made-up names where it gives none
 * @param unnamed those made-up names
 */
record GraphInput(String name, Tensor.Type type, Shape shape, Set<String> unnamed) {
  /** What exporters write for a size that has no name. */
  private static final Set<String> NO_NAMES = Set.of("", "none", "null", "?", "unk", "-1");

  static GraphInput of(ValueInfoProto input) {
    TypeProto.Tensor tensor = input.getType().getTensorType();
    if (!tensor.hasShape()) {
      throw new IllegalArgumentException("it is no tensor, or one without a shape");
    }
    List<Dim> dims = new ArrayList<>();
    Set<String> unnamed = new HashSet<>();
    for (TensorShapeProto.Dimension dimension : tensor.getShape().getDimList()) {
      dims.add(dim(input.getName() + "_axis" + dims.size(), dimension, unnamed));
    }
    return new GraphInput(
        input.getName(), type(tensor.getElemType()), new Shape(dims), Set.copyOf(unnamed));
  }

  void define(Scope scope) {
    scope.defineInput(name, type, shape, unnamed);
  }

  private static Dim dim(String madeUp, TensorShapeProto.Dimension dimension, Set<String> unnamed) {
    if (dimension.getDimValue() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "an axis of length " + dimension.getDimValue() + " is too long");
    }
    if (dimension.getDimValue() > 0) {
      return Dim.of(dimension.getDimValue());
    }
    String name = dimension.getDimParam().strip();
    if (NO_NAMES.contains(name.toLowerCase(Locale.ROOT))) {
      unnamed.add(madeUp);
      return Dim.symbol(madeUp);
    }
    return Dim.symbol(name);
  }

  private static Tensor.Type type(int type) {
    return switch (type) {
      case 1, 10, 11, 16 -> Tensor.Type.FLOAT32;
      case 6, 7 -> Tensor.Type.INT32;
      default ->
          throw new IllegalArgumentException(
              "it has data type "
                  + type
                  + "; Lethe takes float, float16, bfloat16, double, int32 and int64");
    };
  }
}
