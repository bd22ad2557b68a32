package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.AttributeProto;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Operators that change shapes, make constants or pass data on. */
final class ShapeOperators {
  private static final int INT32 = 6;
  private static final int INT64 = 7;
  private static final List<Integer> REALS = List.of(1, 10, 11, 16);

  private ShapeOperators() {}

  /**
   * @param file the model file, for tensors inside attributes
   */
  static Map<String, Operator> all(Path file) {
    TensorReader reader = new TensorReader(file);
    return Map.ofEntries(
        Map.entry("Cast", ShapeOperators::cast),
        Map.entry("Constant", node -> constant(node, reader)),
        Map.entry("ConstantOfShape", node -> constantOfShape(node, reader)),
        Map.entry("Dropout", node -> node.write(node.input(0))),
        Map.entry("Expand", ShapeOperators::expand),
        Map.entry("Flatten", ShapeOperators::flatten),
        Map.entry("Identity", node -> node.write(node.input(0))),
        Map.entry("Reshape", ShapeOperators::reshape),
        Map.entry("Shape", ShapeOperators::shape),
        Map.entry("Squeeze", ShapeOperators::squeeze),
        Map.entry("Unsqueeze", ShapeOperators::unsqueeze));
  }

  private static void cast(Node node) {
    Item x = node.input(0);
    long to = node.integer("to", 0);
    boolean integers =
        x instanceof Item.Ints
            || x instanceof Item.Edge edge && edge.value().type() == Tensor.Type.INT32;
    boolean keeps = integers ? to == INT32 || to == INT64 : REALS.contains((int) to);
    if (keeps) {
      node.write(x);
    } else if (x instanceof Item.Ints ints && REALS.contains((int) to)) {
      node.write(asFloats(ints));
    } else {
      throw new IllegalArgumentException(
          "changes computed values to data type " + to + ", which Lethe does not do");
    }
  }

  private static Item asFloats(Item.Ints ints) {
    float[] data = new float[ints.data().size()];
    for (int k = 0; k < data.length; k++) {
      data[k] =
          ints.data()
              .get(k)
              .known()
              .orElseThrow(
                  () ->
                      new IllegalArgumentException(
                          "makes real numbers of sizes that only the data will tell"));
    }
    return new Item.Floats(ints.lengths(), data);
  }

  private static void constant(Node node, TensorReader reader) {
    AttributeProto value =
        node.proto().getAttributeList().stream()
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("has no value"));
    node.write(
        switch (value.getName()) {
          case "value" -> reader.read(value.getT());
          case "value_float" -> new Item.Floats(new int[0], new float[] {value.getF()});
          case "value_floats" -> floats(value.getFloatsList());
          case "value_int" -> Item.Ints.scalar(Num.of(value.getI()));
          case "value_ints" -> Item.Ints.list(value.getIntsList().stream().map(Num::of).toList());
          default ->
              throw new IllegalArgumentException(
                  "has a " + value.getName() + ", which Lethe does not read");
        });
  }

  private static Item floats(List<Float> values) {
    float[] data = new float[values.size()];
    for (int k = 0; k < data.length; k++) {
      data[k] = values.get(k);
    }
    return new Item.Floats(new int[] {data.length}, data);
  }

  private static void constantOfShape(Node node, TensorReader reader) {
    Item.Known value =
        node.attribute("value")
            .map(a -> reader.read(a.getT()))
            .orElseGet(() -> new Item.Floats(new int[1], new float[1]));
    Shape shape = node.sizes(0).asShape();
    if (value instanceof Item.Floats floats) {
      node.write(new Item.Fill(floats.data()[0], shape));
    } else {
      Num number = ((Item.Ints) value).data().get(0);
      long count = shape.count().factor();
      if (!shape.isConstant() || count > 1024) {
        throw new IllegalArgumentException(
            "makes " + shape + " integers, more than shape arithmetic needs");
      }
      List<Num> all = Collections.nCopies((int) count, number);
      node.write(new Item.Ints(shape.resolve(Map.of()), all));
    }
  }

  private static void expand(Node node) {
    Moves moves = new Moves(node.scope(), node.name());
    Shape shape = moves.broadcast(node.input(0).shape(), node.sizes(1).asShape());
    node.write(moves.expand(node.input(0), shape));
  }

  private static void shape(Node node) {
    List<Dim> dims = node.input(0).shape().dims();
    int start = bound(node.integer("start", 0), dims.size());
    int end = bound(node.integer("end", dims.size()), dims.size());
    node.write(
        Item.Ints.list(dims.subList(start, Math.max(start, end)).stream().map(Num::of).toList()));
  }

  private static int bound(long index, int rank) {
    return (int) Math.max(0, Math.min(rank, index < 0 ? index + rank : index));
  }

  private static void flatten(Node node) {
    List<Dim> dims = node.input(0).shape().dims();
    int axis = bound(node.integer("axis", 1), dims.size());
    Dim rows = new Shape(dims.subList(0, axis)).count();
    Dim columns = new Shape(dims.subList(axis, dims.size())).count();
    node.write(
        new Moves(node.scope(), node.name()).reshape(node.input(0), Shape.of(rows, columns)));
  }

  private static void squeeze(Node node) {
    Item x = node.input(0);
    int rank = x.shape().rank();
    TreeSet<Integer> axes = new TreeSet<>();
    node.integers("axes", 1)
        .ifPresentOrElse(
            given -> given.forEach(axis -> axes.add(Node.axis(axis, rank))),
            () -> axes.addAll(ones(x.shape())));
    List<Dim> kept = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      if (axes.contains(axis)) {
        node.scope().unify(x.shape().dim(axis), Dim.of(1), "axis " + axis);
      } else {
        kept.add(x.shape().dim(axis));
      }
    }
    node.write(new Moves(node.scope(), node.name()).reshape(x, new Shape(kept)));
  }

  private static List<Integer> ones(Shape shape) {
    List<Integer> axes = new ArrayList<>();
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis).equals(Dim.of(1))) {
        axes.add(axis);
      }
    }
    return axes;
  }

  private static void unsqueeze(Node node) {
    Item x = node.input(0);
    List<Long> given =
        node.integers("axes", 1)
            .orElseThrow(() -> new IllegalArgumentException("does not say which axes"));
    int rank = x.shape().rank() + given.size();
    TreeSet<Integer> axes = new TreeSet<>();
    given.forEach(axis -> axes.add(Node.axis(axis, rank)));
    List<Dim> dims = new ArrayList<>(x.shape().dims());
    axes.forEach(axis -> dims.add(axis, Dim.of(1)));
    node.write(new Moves(node.scope(), node.name()).reshape(x, new Shape(dims)));
  }

  private static void reshape(Node node) {
    Item x = node.input(0);
    boolean zeroIsZero = node.integer("allowzero", 0) != 0;
    List<Num> wanted = node.sizes(1).data();
    List<Dim> dims = new ArrayList<>();
    int open = -1;
    for (int axis = 0; axis < wanted.size(); axis++) {
      Num size = wanted.get(axis);
      if (size.equals(Num.of(-1))) {
        open = axis;
        dims.add(Dim.of(1));
      } else {
        dims.add(size.equals(Num.of(0)) && !zeroIsZero ? x.shape().dim(axis) : size.dim());
      }
    }
    if (open >= 0) {
      dims.set(open, rest(x.shape(), new Shape(dims)));
    }
    Shape shape = new Shape(dims);
    matchCount(node.scope(), x.shape(), shape);
    node.write(new Moves(node.scope(), node.name()).reshape(x, shape));
  }

  private static Dim rest(Shape from, Shape others) {
    return from.count()
        .dividedBy(others.count())
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "cannot tell the open axis: " + from + " over " + others));
  }

  /**
   * A model traced with one batch size may have that size in its reshapes: then it is the only one.
   */
  private static void matchCount(Scope scope, Shape from, Shape to) {
    for (String symbol : from.count().symbols()) {
      Dim rest = from.count().dividedBy(Dim.symbol(symbol)).orElseThrow();
      if (!from.count().equals(to.count())) {
        to.count()
            .dividedBy(rest)
            .filter(Dim::isConstant)
            .ifPresent(size -> scope.unify(Dim.symbol(symbol), size, "the number of elements"));
      }
    }
  }
}
