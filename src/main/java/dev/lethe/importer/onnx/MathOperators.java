package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.ActivationFunction.Kind;
import dev.lethe.network.Binary;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/** Operators that compute: products, sums, element-wise functions, softmax. */
final class MathOperators {
  private MathOperators() {}

  static Map<String, Operator> all() {
    return Map.ofEntries(
        Map.entry("Add", node -> binary(node, Binary.Operation.ADD)),
        Map.entry("Elu", function(Kind.ELU, 1, 0)),
        Map.entry("Gemm", MathOperators::gemm),
        Map.entry("HardSigmoid", function(Kind.HARD_SIGMOID, 0.2f, 0.5f)),
        Map.entry("LeakyRelu", function(Kind.LEAKY_RELU, 0.01f, 0)),
        Map.entry("LogSoftmax", node -> softmax(node, true)),
        Map.entry("MatMul", MathOperators::matMul),
        Map.entry("Mul", node -> binary(node, Binary.Operation.MULTIPLY)),
        Map.entry("Relu", function(Kind.RELU, 0, 0)),
        Map.entry("Sigmoid", function(Kind.SIGMOID, 0, 0)),
        Map.entry("Softmax", node -> softmax(node, false)),
        Map.entry("Softplus", function(Kind.SOFTPLUS, 0, 0)),
        Map.entry("Softsign", function(Kind.SOFTSIGN, 0, 0)),
        Map.entry("Sub", node -> binary(node, Binary.Operation.SUBTRACT)),
        Map.entry("Tanh", function(Kind.TANH, 0, 0)));
  }

  /**
   * @param alpha the operator's default where it has this attribute, 0 otherwise
   * @param beta likewise
   */
  private static Operator function(Kind kind, float alpha, float beta) {
    return node -> {
      float a = alpha == 0 ? 0 : node.real("alpha", alpha);
      float b = beta == 0 ? 0 : node.real("beta", beta);
      ActivationFunction function = new ActivationFunction(kind, a, b);
      node.write(
          new Item.Edge(node.scope().builder().activation(node.name(), function, node.reals(0))));
    };
  }

  /**
   * Before opset 13 the axes from {@code axis} on, 1 by default, are one; since then it is one
   * axis, the last.
   */
  private static void softmax(Node node, boolean logarithm) {
    Shape shape = node.input(0).shape();
    boolean flattens = node.scope().opset() < 13;
    int axis = Node.axis(node.integer("axis", flattens ? 1 : -1), shape.rank());
    boolean last =
        axis == shape.rank() - 1
            || flattens
                && IntStream.range(axis, shape.rank() - 1)
                    .allMatch(k -> shape.dim(k).equals(Dim.of(1)));
    if (last) {
      Value y = node.scope().builder().softmax(node.name(), logarithm, node.reals(0));
      node.write(new Item.Edge(y));
    } else if (flattens) {
      throw new IllegalArgumentException(
          "takes axes " + axis + " and on of " + shape + " as one; Lethe takes the last");
    } else {
      softmaxOver(node, axis, logarithm);
    }
  }

  private static void softmaxOver(Node node, int axis, boolean logarithm) {
    int rank = node.input(0).shape().rank();
    List<Integer> swap = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
    swap.set(axis, rank - 1);
    swap.set(rank - 1, axis);
    Moves moves = new Moves(node.scope(), node.name());
    Value x = Node.reals(node.scope().value(node.name(), moves.transpose(node.input(0), swap)));
    Value y = node.scope().builder().softmax(node.name(), logarithm, x);
    node.write(moves.transpose(new Item.Edge(y), swap));
  }

  private static void matMul(Node node) {
    Item.Floats right =
        node.scope()
            .floats(node.input(1))
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "multiplies two computed values; Lethe needs the second constant"));
    Matrix weights = matrix(right);
    Value x = node.reals(0);
    if (x.shape().rank() < right.lengths().length) {
      throw new IllegalArgumentException("multiplies " + x + " by " + right.shape());
    }
    node.write(new Item.Edge(product(node, x, weights)));
  }

  private static Value product(Node node, Value x, Matrix weights) {
    node.scope().unify(x.shape().dim(-1), Dim.of(weights.rows()), "the last axis of " + x);
    Matrix none = Matrix.zeros(1, weights.columns());
    Value y = node.scope().builder().dense(node.name(), weights, none, x);
    node.scope().noteProduct(y, new Scope.Product(x, weights));
    return y;
  }

  /** A constant of two axes, and any number of leading ones of length 1. */
  private static Matrix matrix(Item.Floats constant) {
    int[] lengths = constant.lengths();
    int rank = lengths.length;
    if (rank < 2
        || constant.data().length == 0
        || lengths[rank - 2] * (long) lengths[rank - 1] != constant.data().length) {
      throw new IllegalArgumentException("needs a matrix to multiply by, not " + constant.shape());
    }
    return Matrix.of(lengths[rank - 2], lengths[rank - 1], constant.data());
  }

  private static void gemm(Node node) {
    if (node.integer("transA", 0) != 0) {
      throw new IllegalArgumentException("has transA, which Lethe does not run");
    }
    Item.Floats right =
        node.scope()
            .floats(node.input(1))
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "multiplies two computed values; Lethe needs the second constant"));
    Matrix weights = scaled(matrix(right), node.real("alpha", 1), node.integer("transB", 0) != 0);
    Value x = node.reals(0);
    if (x.shape().rank() != 2) {
      throw new IllegalArgumentException("needs an input of two axes, not " + x);
    }
    float beta = node.real("beta", 1);
    Value y = product(node, x, weights);
    if (node.find(2).isEmpty() || beta == 0) {
      node.write(new Item.Edge(y));
      return;
    }
    Item bias =
        node.scope().floats(node.input(2)).<Item>map(c -> times(c, beta)).orElse(node.input(2));
    if (beta != 1 && bias instanceof Item.Edge) {
      throw new IllegalArgumentException(
          "scales a computed bias by " + beta + "; Lethe runs 1 only");
    }
    node.write(sum(node, new Item.Edge(y), bias, Binary.Operation.ADD));
  }

  private static Matrix scaled(Matrix matrix, float factor, boolean transposed) {
    int rows = transposed ? matrix.columns() : matrix.rows();
    int columns = transposed ? matrix.rows() : matrix.columns();
    float[] values = new float[matrix.size()];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        values[row * columns + column] =
            factor * (transposed ? matrix.at(column, row) : matrix.at(row, column));
      }
    }
    return Matrix.of(rows, columns, values);
  }

  private static Item.Floats times(Item.Floats constant, float factor) {
    float[] values = constant.data().clone();
    for (int k = 0; k < values.length; k++) {
      values[k] *= factor;
    }
    return new Item.Floats(constant.lengths(), values);
  }

  private static void binary(Node node, Binary.Operation operation) {
    Item a = node.input(0);
    Item b = node.input(1);
    if (a instanceof Item.Ints left && b instanceof Item.Ints right) {
      node.write(integers(left, right, operation));
    } else {
      node.write(sum(node, a, b, operation));
    }
  }

  private static Item sum(Node node, Item a, Item b, Binary.Operation operation) {
    if (operation == Binary.Operation.ADD) {
      Optional<Item> biased = biased(node, a, b).or(() -> biased(node, b, a));
      if (biased.isPresent()) {
        return biased.get();
      }
    }
    Moves moves = new Moves(node.scope(), node.name());
    Shape shape = moves.broadcast(a.shape(), b.shape());
    Value left = Node.reals(node.scope().value(node.name(), moves.expand(a, shape)));
    Value right = Node.reals(node.scope().value(node.name(), moves.expand(b, shape)));
    return new Item.Edge(node.scope().builder().binary(node.name(), operation, left, right));
  }

  /** A constant vector that is added to a product is the bias of a dense layer. */
  private static Optional<Item> biased(Node node, Item product, Item bias) {
    if (!(product instanceof Item.Edge edge)) {
      return Optional.empty();
    }
    Optional<Scope.Product> known = node.scope().productOf(edge.value());
    Optional<Item.Floats> vector = node.scope().floats(bias);
    if (known.isEmpty() || vector.isEmpty() || bias.shape().rank() > product.shape().rank()) {
      return Optional.empty();
    }
    Matrix weights = known.get().weights();
    float[] data = vector.get().data();
    boolean row = bias.shape().rank() > 0 && bias.shape().dim(-1).equals(Dim.of(data.length));
    if (data.length != weights.columns() || !row) {
      return Optional.empty();
    }
    Value y = node.scope().builder().dense(node.name(), weights, Matrix.row(data), known.get().x());
    return Optional.of(new Item.Edge(y));
  }

  private static Item integers(Item.Ints a, Item.Ints b, Binary.Operation operation) {
    boolean scalarA = a.data().size() == 1 && a.lengths().length <= b.lengths().length;
    boolean scalarB = b.data().size() == 1;
    if (!scalarA && !scalarB && !a.shape().equals(b.shape())) {
      throw new IllegalArgumentException(
          "combines integers of shapes " + a.shape() + " and " + b.shape());
    }
    Item.Ints larger = scalarA ? b : a;
    List<Num> all = new ArrayList<>();
    for (int k = 0; k < larger.data().size(); k++) {
      all.add(integer(a.data().get(scalarA ? 0 : k), b.data().get(scalarB ? 0 : k), operation));
    }
    return new Item.Ints(larger.lengths(), List.copyOf(all));
  }

  private static Num integer(Num a, Num b, Binary.Operation operation) {
    if (operation == Binary.Operation.MULTIPLY) {
      return a.times(b);
    }
    if (!a.isConstant() || !b.isConstant()) {
      throw new IllegalArgumentException(
          "adds sizes that only the data will tell: " + a + " and " + b);
    }
    return Num.of(
        operation == Binary.Operation.ADD
            ? Math.addExact(a.value(), b.value())
            : Math.subtractExact(a.value(), b.value()));
  }
}
