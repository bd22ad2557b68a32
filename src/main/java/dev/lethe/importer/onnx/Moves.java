package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Rearranges items: constants at once, fills by their shape, edges through a stage. */
final class Moves {
  private final Scope scope;
  private final String name;

  /**
   * @param name of the node that asks, for the stages
   */
  Moves(Scope scope, String name) {
    this.scope = scope;
    this.name = name;
  }

  Item reshape(Item x, Shape shape) {
    if (x.shape().equals(shape)) {
      return x;
    }
    if (x instanceof Item.Known known) {
      return known.reshaped(lengths(shape));
    }
    if (x instanceof Item.Fill fill) {
      return new Item.Fill(fill.value(), shape);
    }
    Value source = scope.unreshaped(((Item.Edge) x).value());
    if (source.shape().equals(shape)) {
      return new Item.Edge(source);
    }
    Value y = builder().reshape(name, source, shape);
    scope.noteReshape(y, source);
    return new Item.Edge(y);
  }

  Item transpose(Item x, List<Integer> permutation) {
    Shape shape = new Shape(permutation.stream().map(x.shape()::dim).toList());
    if (x instanceof Item.Fill fill) {
      return new Item.Fill(fill.value(), shape);
    }
    if (x instanceof Item.Known known) {
      int[] from = strides(known.lengths());
      int[] strides = permutation.stream().mapToInt(axis -> from[axis]).toArray();
      return known.pick(lengths(shape), indices(lengths(shape), strides, 0));
    }
    Value source = ((Item.Edge) x).value();
    Value y = builder().transpose(name, source, permutation);
    scope.noteTranspose(y, source, permutation);
    return new Item.Edge(y);
  }

  /** {@code length} elements of one axis; {@code start} may count from the end. */
  Item slice(Item x, int axis, long start, long step, Dim length) {
    Shape shape = x.shape().with(axis, length);
    if (start == 0 && step == 1 && length.equals(x.shape().dim(axis))) {
      return x;
    }
    if (x instanceof Item.Fill fill) {
      return new Item.Fill(fill.value(), shape);
    }
    if (x instanceof Item.Known known) {
      int[] strides = strides(known.lengths());
      long first = start < 0 ? start + known.lengths()[axis] : start;
      int offset = Math.toIntExact(first * strides[axis]);
      strides[axis] = Math.toIntExact(strides[axis] * step);
      return known.pick(lengths(shape), indices(lengths(shape), strides, offset));
    }
    require(!length.equals(Dim.of(0)), "takes nothing at all of axis " + axis + " of " + x.shape());
    return new Item.Edge(builder().slice(name, ((Item.Edge) x).value(), axis, start, step, length));
  }

  Item concat(List<Item> xs, int axis) {
    if (xs.stream().allMatch(Item.Ints.class::isInstance)) {
      List<Num> all = new ArrayList<>();
      require(
          xs.stream().allMatch(x -> x.shape().rank() == 1), "only lists of integers can be joined");
      xs.forEach(x -> scope.spend(((Item.Ints) x).size()));
      xs.forEach(x -> all.addAll(((Item.Ints) x).data()));
      return Item.Ints.list(all);
    }
    alignOtherAxes(xs, axis);
    List<Item.Floats> constants = xs.stream().flatMap(x -> scope.floats(x).stream()).toList();
    if (constants.size() == xs.size()) {
      return joined(constants, axis);
    }
    List<Value> values = xs.stream().map(x -> scope.value(name, x)).toList();
    return new Item.Edge(builder().concat(name, axis, values));
  }

  /** Trained numbers in pieces, as exporters leave them that fold nothing. */
  private static Item.Floats joined(List<Item.Floats> xs, int axis) {
    int[] lengths = xs.get(0).lengths().clone();
    lengths[axis] = xs.stream().mapToInt(x -> x.lengths()[axis]).reduce(0, Math::addExact);
    int outer = IntStream.range(0, axis).map(k -> lengths[k]).reduce(1, Math::multiplyExact);
    float[] data = new float[IntStream.of(lengths).reduce(1, Math::multiplyExact)];
    int at = 0;
    for (int row = 0; row < outer; row++) {
      for (Item.Floats x : xs) {
        int run = x.data().length / outer;
        System.arraycopy(x.data(), row * run, data, at, run);
        at += run;
      }
    }
    return new Item.Floats(lengths, data);
  }

  /** Repeats along axes of length 1 and new leading ones. */
  Item expand(Item x, Shape shape) {
    if (x.shape().equals(shape)) {
      return x;
    }
    if (x instanceof Item.Fill fill) {
      return new Item.Fill(fill.value(), shape);
    }
    if (x instanceof Item.Floats floats && floats.uniform()) {
      return new Item.Fill(floats.data()[0], shape);
    }
    return new Item.Edge(builder().expand(name, scope.value(name, x), shape));
  }

  /** The shape to which both can be expanded. */
  Shape broadcast(Shape a, Shape b) {
    int rank = Math.max(a.rank(), b.rank());
    List<Dim> dims = new ArrayList<>();
    for (int back = rank; back > 0; back--) {
      Dim left = back > a.rank() ? Dim.of(1) : a.dim(-back);
      Dim right = back > b.rank() ? Dim.of(1) : b.dim(-back);
      if (!left.equals(Dim.of(1)) && !right.equals(Dim.of(1))) {
        scope.unify(left, right, "axis " + (rank - back) + " of the smaller operand");
      }
      dims.add(left.equals(Dim.of(1)) ? right : left);
    }
    return new Shape(dims);
  }

  private void alignOtherAxes(List<Item> xs, int axis) {
    Shape first = xs.get(0).shape();
    for (Item x : xs) {
      require(x.shape().rank() == first.rank(), "inputs differ in their number of axes");
      for (int k = 0; k < first.rank(); k++) {
        if (k != axis) {
          scope.unify(x.shape().dim(k), first.dim(k), "axis " + k);
        }
      }
    }
  }

  private GraphBuilder builder() {
    return scope.builder();
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  private static int[] lengths(Shape shape) {
    require(shape.isConstant(), "a constant cannot have the open shape " + shape);
    return shape.dims().stream().mapToInt(dim -> Math.toIntExact(dim.factor())).toArray();
  }

  private static int[] strides(int[] lengths) {
    int[] strides = new int[lengths.length];
    int stride = 1;
    for (int axis = lengths.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= lengths[axis];
    }
    return strides;
  }

  /** Where each element of the result stands, in row-major order. */
  private static int[] indices(int[] lengths, int[] strides, int offset) {
    int count = IntStream.of(lengths).reduce(1, Math::multiplyExact);
    int[] indices = new int[count];
    int[] at = new int[lengths.length];
    int index = offset;
    for (int k = 0; k < count; k++) {
      indices[k] = index;
      for (int axis = lengths.length - 1; axis >= 0; axis--) {
        index += strides[axis];
        if (++at[axis] < lengths[axis]) {
          break;
        }
        index -= lengths[axis] * strides[axis];
        at[axis] = 0;
      }
    }
    return indices;
  }
}
