package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Operators that take parts of tensors, join them or turn them. */
final class SelectOperators {
  private static final Dim ONE = Dim.of(1);

  private SelectOperators() {}

  static Map<String, Operator> all() {
    return Map.of(
        "Concat", SelectOperators::concat,
        "Gather", SelectOperators::gather,
        "Slice", SelectOperators::slice,
        "Split", SelectOperators::split,
        "Transpose", SelectOperators::transpose);
  }

  private static void concat(Node node) {
    List<Item> xs = IntStream.range(0, node.proto().getInputCount()).mapToObj(node::input).toList();
    int axis = Node.axis(node.integer("axis", 0), xs.get(0).shape().rank());
    node.write(new Moves(node.scope(), node.name()).concat(xs, axis));
  }

  private static void transpose(Node node) {
    Item x = node.input(0);
    int rank = x.shape().rank();
    List<Integer> reversed = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    Collections.reverse(reversed);
    List<Integer> permutation =
        node.integers("perm").map(p -> p.stream().map(Math::toIntExact).toList()).orElse(reversed);
    if (!permutation.stream().sorted().toList().equals(IntStream.range(0, rank).boxed().toList())) {
      throw new IllegalArgumentException(
          "perm " + permutation + " is no order of " + rank + " axes");
    }
    node.write(new Moves(node.scope(), node.name()).transpose(x, permutation));
  }

  private static void gather(Node node) {
    Item x = node.input(0);
    int axis = Node.axis(node.integer("axis", 0), x.shape().rank());
    if (node.input(1) instanceof Item.Edge ids) {
      node.write(new Item.Edge(embedding(node, x, axis, ids.value())));
      return;
    }
    List<Long> indices = node.integersAt(1).orElseThrow();
    Shape indexShape = node.input(1).shape();
    if (x instanceof Item.Known && indices.size() != 1) {
      node.write(pickSeveral(x, axis, indices, indexShape));
      return;
    }
    if (indices.size() != 1) {
      throw new IllegalArgumentException(
          "takes " + indices.size() + " parts of computed values; Lethe takes one");
    }
    List<Dim> dims = new ArrayList<>(x.shape().dims());
    dims.remove(axis);
    dims.addAll(axis, indexShape.dims());
    Item part = step(node, x, axis, indices.get(0));
    node.write(new Moves(node.scope(), node.name()).reshape(part, new Shape(dims)));
  }

  private static Value embedding(Node node, Item table, int axis, Value ids) {
    Item.Floats words =
        node.scope()
            .floats(table)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "looks computed values up; Lethe needs a constant table"));
    if (axis != 0 || words.lengths().length != 2 || ids.type() != Tensor.Type.INT32) {
      throw new IllegalArgumentException(
          "must look integer ids up along axis 0 of a table of two axes");
    }
    Matrix matrix = Matrix.of(words.lengths()[0], words.lengths()[1], words.data());
    return node.scope().builder().embedding(node.name(), matrix, ids);
  }

  private static Item pickSeveral(Item x, int axis, List<Long> indices, Shape indexShape) {
    if (x.shape().rank() != 1 || axis != 0) {
      throw new IllegalArgumentException("takes several parts of a constant of more than one axis");
    }
    int length = Math.toIntExact(x.shape().dim(0).factor());
    int[] picked = indices.stream().mapToInt(index -> Node.axis(index, length)).toArray();
    return ((Item.Known) x).pick(indexShape.resolve(Map.of()), picked);
  }

  /** One element of an axis, the axis kept with length 1. */
  private static Item step(Node node, Item x, int axis, long index) {
    Optional<Item> last = lastStep(node, x, axis, index);
    if (last.isPresent()) {
      return last.get();
    }
    Dim length = x.shape().dim(axis);
    boolean inside =
        length.isConstant()
            ? index >= -length.factor() && index < length.factor()
            : index == 0 || index == -1;
    if (!inside) {
      throw new IllegalArgumentException(
          "element " + index + " may lie outside of axis " + axis + " of " + x.shape());
    }
    long start = length.isConstant() && index < 0 ? index + length.factor() : index;
    return new Moves(node.scope(), node.name()).slice(x, axis, start, 1, ONE);
  }

  /** A step counted from the end of a sequence is counted from the end of each sequence. */
  private static Optional<Item> lastStep(Node node, Item x, int axis, long index) {
    if (!(x instanceof Item.Edge edge) || index >= 0 || index < -Integer.MAX_VALUE) {
      return Optional.empty();
    }
    return node.scope()
        .lengthsAlong(x.shape(), axis)
        .map(
            lengths -> {
              Value y =
                  node.scope()
                      .builder()
                      .selectStep(
                          node.name(), Scope.layout(axis), (int) -index, edge.value(), lengths);
              Shape kept = x.shape().with(axis, ONE);
              return new Moves(node.scope(), node.name()).reshape(new Item.Edge(y), kept);
            });
  }

  private static void slice(Node node) {
    Item x = node.input(0);
    boolean old = node.scope().opset() < 10;
    List<Long> starts = required(old ? node.integers("starts") : node.integersAt(1));
    List<Long> ends = required(old ? node.integers("ends") : node.integersAt(2));
    List<Long> axes =
        (old ? node.integers("axes") : node.integersAt(3))
            .orElseGet(() -> IntStream.range(0, starts.size()).mapToObj(k -> (long) k).toList());
    List<Long> steps =
        (old ? Optional.<List<Long>>empty() : node.integersAt(4))
            .orElseGet(() -> Collections.nCopies(starts.size(), 1L));
    if (ends.size() != starts.size()
        || axes.size() != starts.size()
        || steps.size() != starts.size()) {
      throw new IllegalArgumentException("starts, ends, axes and steps differ in number");
    }
    for (int k = 0; k < starts.size(); k++) {
      int axis = Node.axis(axes.get(k), x.shape().rank());
      x = sliceAxis(node, x, axis, new Range(starts.get(k), ends.get(k), steps.get(k)));
    }
    node.write(x);
  }

  /** As in Python's {@code start:end:step}. */
  private record Range(long start, long end, long step) {
    /** With both ends inside an axis of this length. */
    Range clamped(long length) {
      long low = step > 0 ? 0 : -1;
      long high = step > 0 ? length : length - 1;
      return new Range(clamp(start, length, low, high), clamp(end, length, low, high), step);
    }

    long count() {
      long span = step > 0 ? end - start : start - end;
      long stride = Math.abs(step);
      return span <= 0 ? 0 : (span + stride - 1) / stride;
    }

    boolean isWhole() {
      return start == 0 && step == 1 && end >= Integer.MAX_VALUE;
    }

    boolean isWholeBackwards() {
      return (start == -1 || start >= Integer.MAX_VALUE) && step == -1 && end <= -Integer.MAX_VALUE;
    }

    private static long clamp(long index, long length, long low, long high) {
      return Math.max(low, Math.min(high, index < 0 ? index + length : index));
    }
  }

  private static Item sliceAxis(Node node, Item x, int axis, Range range) {
    if (range.step() == 0 || range.step() == Long.MIN_VALUE) {
      throw new IllegalArgumentException("step " + range.step() + " of a slice");
    }
    Dim length = x.shape().dim(axis);
    Moves moves = new Moves(node.scope(), node.name());
    if (length.isConstant()) {
      Range inside = range.clamped(length.factor());
      return moves.slice(x, axis, inside.start(), inside.step(), Dim.of(inside.count()));
    }
    if (range.isWhole()) {
      return x;
    }
    if (range.isWholeBackwards()) {
      node.scope().forbidAddedLengths();
      return moves.slice(x, axis, -1, -1, length);
    }
    boolean last = range.start() == -1 && range.end() >= Integer.MAX_VALUE && range.step() > 0;
    boolean first = range.start() == 0 && range.end() == 1 && range.step() > 0;
    if (!last && !first) {
      throw new IllegalArgumentException(
          "takes a part of axis "
              + axis
              + " of "
              + x.shape()
              + " whose length only the data will tell; Lethe takes"
              + " the whole, the first or the last element of such an axis");
    }
    return step(node, x, axis, last ? -1 : 0);
  }

  private static List<Long> required(Optional<List<Long>> values) {
    return values.orElseThrow(() -> new IllegalArgumentException("does not say what to take"));
  }

  private static void split(Node node) {
    Item x = node.input(0);
    int axis = Node.axis(node.integer("axis", 0), x.shape().rank());
    int count = node.proto().getOutputCount();
    Dim length = x.shape().dim(axis);
    if (!length.isConstant()) {
      throw new IllegalArgumentException(
          "splits axis " + axis + " of " + x.shape() + ", whose length is not known");
    }
    long even = (length.factor() + count - 1) / count;
    List<Long> sizes =
        node.integers("split", 1)
            .orElseGet(
                () ->
                    IntStream.range(0, count)
                        .mapToObj(k -> Math.min(even, length.factor() - k * even))
                        .toList());
    long start = 0;
    for (int k = 0; k < count; k++) {
      Dim size = Dim.of(sizes.get(k));
      node.write(k, new Moves(node.scope(), node.name()).slice(x, axis, start, 1, size));
      start = Math.addExact(start, sizes.get(k));
    }
    if (sizes.size() != count || start != length.factor()) {
      throw new IllegalArgumentException(
          "parts " + sizes + " do not make axis " + axis + " of " + x.shape());
    }
  }
}
