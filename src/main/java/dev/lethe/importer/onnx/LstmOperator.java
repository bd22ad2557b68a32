package dev.lethe.importer.onnx;

import com.google.protobuf.ByteString;
import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.importer.onnx.proto.AttributeProto;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Lstm.Direction;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The ONNX operator LSTM, all of it. */
final class LstmOperator {
  private static final int LENS = 4;
  private static final int INITIAL_H = 5;
  private static final int INITIAL_C = 6;
  private static final int PEEPHOLES = 7;

  private final Node node;
  private final Scope scope;
  private final boolean batchFirst;

  private LstmOperator(Node node) {
    this.node = node;
    this.scope = node.scope();
    this.batchFirst = node.integer("layout", 0) != 0;
  }

  static void lower(Node node) {
    new LstmOperator(node).lower();
  }

  private void lower() {
    LstmWeights weights =
        new LstmWeights(
            weights(1, "W"), weights(2, "R"), optional(3, "B"), optional(PEEPHOLES, "P"));
    requireHiddenSize(weights);
    Value x = node.reals(0);
    requireSequence(x, weights);
    Dim time = x.shape().dim(batchFirst ? 1 : 0);
    Dim batch = x.shape().dim(batchFirst ? 0 : 1);
    scope.rename(time, "time");
    scope.rename(batch, "batch");
    Layouts layouts = batchFirst ? Layouts.ONNX_BATCH_MAJOR : Layouts.ONNX;
    Optional<Value> swapped = batchFirst ? Optional.empty() : scope.batchMajor(x);
    GraphBuilder.LstmOutputs outputs =
        scope
            .builder()
            .lstm(
                node.name(),
                swapped.isEmpty()
                    ? layouts
                    : new Layouts(Lstm.SequenceLayout.BATCH_MAJOR, layouts.y(), layouts.state()),
                directions(weights),
                swapped.orElse(x),
                lengths(time, batch),
                state(INITIAL_H, "initial_h", weights, batch),
                state(INITIAL_C, "initial_c", weights, batch));
    write(
        outputs, Shape.of(batch, time, Dim.of(weights.directions()), Dim.of(weights.hiddenSize())));
  }

  private void write(GraphBuilder.LstmOutputs outputs, Shape batchMajor) {
    Item y = new Item.Edge(outputs.y());
    if (node.writes(0)) {
      node.write(0, batchFirst ? new Moves(scope, node.name()).reshape(y, batchMajor) : y);
    }
    node.write(1, new Item.Edge(outputs.finalH()));
    node.write(2, new Item.Edge(outputs.finalC()));
  }

  private Item.Floats weights(int input, String what) {
    return scope
        .floats(node.input(input))
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "takes its weights "
                        + what
                        + " from '"
                        + node.proto().getInput(input)
                        + "', which is no constant; bind that input to a tensor when loading the model"));
  }

  private Optional<Item.Floats> optional(int input, String what) {
    return node.find(input).map(item -> weights(input, what));
  }

  private void requireHiddenSize(LstmWeights weights) {
    long stated = node.integer("hidden_size", weights.hiddenSize());
    if (stated != weights.hiddenSize()) {
      throw new IllegalArgumentException(
          "states hidden_size "
              + stated
              + ", but R "
              + weights.r().shape()
              + " has "
              + weights.hiddenSize());
    }
  }

  private void requireSequence(Value x, LstmWeights weights) {
    if (x.shape().rank() != 3) {
      throw new IllegalArgumentException("needs X of three axes, not " + x);
    }
    scope.unify(
        x.shape().dim(2), Dim.of(weights.inputSize()), "the number of features of X " + x.shape());
  }

  private List<Direction> directions(LstmWeights weights) {
    String direction = node.text("direction", "forward").toLowerCase(Locale.ROOT);
    int count = direction.equals("bidirectional") ? 2 : 1;
    if (!List.of("forward", "reverse", "bidirectional").contains(direction)) {
      throw new IllegalArgumentException(
          "has direction '" + direction + "'; known: forward, reverse, bidirectional");
    }
    if (weights.directions() != count) {
      throw new IllegalArgumentException("is " + direction + ", but R is " + weights.r().shape());
    }
    List<ActivationFunction> functions =
        LstmFunctions.read(names(), reals("activation_alpha"), reals("activation_beta"), count);
    List<Direction> directions = new ArrayList<>();
    for (int d = 0; d < count; d++) {
      LstmWeights.Form form =
          new LstmWeights.Form(
              functions.get(3 * d),
              functions.get(3 * d + 1),
              functions.get(3 * d + 2),
              node.integer("input_forget", 0) != 0,
              node.real("clip", Float.POSITIVE_INFINITY));
      directions.add(new Direction(direction.equals("reverse") || d == 1, weights.cell(d, form)));
    }
    return directions;
  }

  private List<String> names() {
    return node
        .attribute("activations")
        .map(AttributeProto::getStringsList)
        .orElse(List.of())
        .stream()
        .map(ByteString::toStringUtf8)
        .toList();
  }

  private List<Float> reals(String attribute) {
    return node.attribute(attribute).map(AttributeProto::getFloatsList).orElse(List.of());
  }

  private Optional<Value> lengths(Dim time, Dim batch) {
    if (node.find(LENS).isEmpty()) {
      return scope.lengthsFor(time, batch);
    }
    if (node.input(LENS) instanceof Item.Ints ints) {
      if (ints.data().stream().allMatch(Num.of(time)::equals)) {
        return Optional.empty();
      }
      throw new IllegalArgumentException(
          "has constant sequence_lens; Lethe takes them from an input of the graph");
    }
    Value lengths = node.value(LENS);
    if (lengths.shape().rank() != 1) {
      throw new IllegalArgumentException("needs sequence_lens of one axis, not " + lengths);
    }
    scope.unify(lengths.shape().dim(0), batch, "the batch of sequence_lens");
    return Optional.of(lengths);
  }

  /** An initial state; zeros are what an LSTM begins with anyway. */
  private Optional<Value> state(int input, String what, LstmWeights weights, Dim batch) {
    Optional<Item> item = node.find(input);
    if (item.isEmpty() || isZero(item.get())) {
      item.ifPresent(zeros -> align(zeros.shape(), what, weights, batch));
      return Optional.empty();
    }
    align(item.get().shape(), what, weights, batch);
    return Optional.of(node.reals(input));
  }

  private void align(Shape shape, String what, LstmWeights weights, Dim batch) {
    Lstm.StateLayout layout =
        batchFirst ? Lstm.StateLayout.BATCH_DIRECTION : Lstm.StateLayout.DIRECTION_BATCH;
    Shape wanted = Lstm.stateShape(layout, weights.directions(), batch, weights.hiddenSize());
    if (shape.rank() != 3) {
      throw new IllegalArgumentException(what + " must be " + wanted + ", is " + shape);
    }
    for (int axis = 0; axis < 3; axis++) {
      scope.unify(shape.dim(axis), wanted.dim(axis), "axis " + axis + " of " + what + " " + shape);
    }
  }

  private static boolean isZero(Item item) {
    return item instanceof Item.Fill fill && fill.value() == 0
        || item instanceof Item.Floats floats && floats.uniform() && floats.data()[0] == 0;
  }
}
