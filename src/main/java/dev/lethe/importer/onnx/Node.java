package dev.lethe.importer.onnx;

import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.AttributeProto;
import dev.lethe.importer.onnx.proto.NodeProto;
import dev.lethe.network.Value;
import java.util.List;
import java.util.Optional;

/**
 * A node of the graph at the moment when it is lowered: its attributes, and what its inputs stand
 * for. What does not fit throws {@link IllegalArgumentException}; whoever goes through the nodes
 * adds which file and node it was.
 *
 * @param proto from the file
 * @param scope what is known so far
 */
record Node(NodeProto proto, Scope scope) {
  /** The node's name, or that of its first output where it has none. */
  static String name(NodeProto proto) {
    return !proto.getName().isEmpty() || proto.getOutputCount() == 0
        ? proto.getName()
        : proto.getOutput(0);
  }

  String name() {
    return name(proto);
  }

  /** The k-th input, unless it is left out. */
  Optional<Item> find(int k) {
    if (k >= proto.getInputCount() || proto.getInput(k).isEmpty()) {
      return Optional.empty();
    }
    String name = proto.getInput(k);
    Optional<Item> item = scope.find(name);
    if (item.isEmpty()) {
      throw new IllegalArgumentException("reads '" + name + "', which nothing wrote before");
    }
    return item;
  }

  Item input(int k) {
    return find(k).orElseThrow(() -> new IllegalArgumentException("needs an input " + k));
  }

  /** The k-th input as something that stages read. */
  Value value(int k) {
    return scope.value(proto.getInput(k), input(k));
  }

  /** The k-th input as real numbers that stages read. */
  Value reals(int k) {
    return reals(value(k));
  }

  /** Checks that stages may compute with it. */
  static Value reals(Value value) {
    if (value.type() != Tensor.Type.FLOAT32) {
      throw new IllegalArgumentException(
          "computes with integers " + value + ", which Lethe only looks up or moves");
    }
    return value;
  }

  /** The k-th input as known integers. */
  Optional<List<Long>> integersAt(int k) {
    return find(k).map(item -> integers(item, proto.getInput(k)));
  }

  /** The k-th input as integers, some of which may be sizes that the data will tell. */
  Item.Ints sizes(int k) {
    if (input(k) instanceof Item.Ints ints) {
      return ints;
    }
    throw new IllegalArgumentException(
        "needs integers known beforehand in '" + proto.getInput(k) + "'");
  }

  boolean writes(int k) {
    return k < proto.getOutputCount() && !proto.getOutput(k).isEmpty();
  }

  void write(int k, Item item) {
    if (writes(k)) {
      scope.spend(item instanceof Item.Known known ? known.size() : 0);
      scope.define(proto.getOutput(k), item);
    }
  }

  void write(Item item) {
    write(0, item);
  }

  Optional<AttributeProto> attribute(String name) {
    return proto.getAttributeList().stream().filter(a -> a.getName().equals(name)).findFirst();
  }

  long integer(String name, long fallback) {
    return attribute(name).map(AttributeProto::getI).orElse(fallback);
  }

  float real(String name, float fallback) {
    return attribute(name).map(AttributeProto::getF).orElse(fallback);
  }

  Optional<List<Long>> integers(String name) {
    return attribute(name).map(AttributeProto::getIntsList);
  }

  /** Axes, which older opsets have in an attribute and newer ones in an input. */
  Optional<List<Long>> integers(String attribute, int input) {
    return integers(attribute).or(() -> integersAt(input));
  }

  String text(String name, String fallback) {
    return attribute(name).map(a -> a.getS().toStringUtf8()).orElse(fallback);
  }

  /** Counts a negative axis from the end. */
  static int axis(long axis, int rank) {
    long counted = axis < 0 ? axis + rank : axis;
    if (counted < 0 || counted >= rank) {
      throw new IllegalArgumentException("axis " + axis + " of " + rank + " axes");
    }
    return (int) counted;
  }

  private static List<Long> integers(Item item, String name) {
    if (item instanceof Item.Ints ints && ints.data().stream().allMatch(Num::isConstant)) {
      return ints.data().stream().map(Num::value).toList();
    }
    throw new IllegalArgumentException("needs '" + name + "' to be known beforehand");
  }
}
