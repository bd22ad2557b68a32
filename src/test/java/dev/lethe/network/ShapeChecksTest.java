package dev.lethe.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.GraphBuilder.Layouts;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What does not fit together never becomes a network. */
class ShapeChecksTest {
  private static final Dim T = Dim.symbol("time");
  private static final Dim B = Dim.symbol("batch");
  private static final Optional<Value> NONE = Optional.empty();

  private final GraphBuilder g = new GraphBuilder();
  private final Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(T, B, Dim.of(3)));

  private static void refused(String part, Executable call) {
    String message = assertThrows(IllegalArgumentException.class, call).getMessage();
    assertTrue(message.contains(part), message);
  }

  private static Cell cell(
      int rows, int input, int recurrentRows, int output, int bias, int peepholes, float clip) {
    ActivationFunction tanh = ActivationFunction.TANH;
    return new Cell(
        Matrix.zeros(rows, input),
        Matrix.zeros(recurrentRows, output),
        Matrix.zeros(1, bias),
        peepholes == 0 ? Matrix.empty() : Matrix.zeros(1, peepholes),
        Matrix.empty(),
        ActivationFunction.SIGMOID,
        tanh,
        tanh,
        false,
        clip);
  }

  /** Two units, three features. */
  private static Cell good() {
    return cell(8, 3, 8, 2, 8, 0, Float.POSITIVE_INFINITY);
  }

  private static CellNorm norm(int hidden) {
    return new CellNorm(
        Matrix.zeros(1, 4 * hidden), Matrix.zeros(1, hidden), Matrix.zeros(1, hidden), 1e-3f);
  }

  @Test
  void weightsOfACell() {
    float none = Float.POSITIVE_INFINITY;
    refused("4*hidden rows, have 7", () -> cell(7, 3, 7, 1, 7, 0, none));
    refused("4*hidden rows, have 0", () -> cell(0, 3, 0, 0, 0, 0, none));
    refused("recurrent weights need 8 rows, have 4", () -> cell(8, 3, 4, 2, 8, 0, none));
    refused("recurrent weights need 2 columns, have 3", () -> cell(8, 3, 8, 3, 8, 0, none));
    refused("bias needs 8 values, has 9", () -> cell(8, 3, 8, 2, 9, 0, none));
    refused("peepholes need 3*2 values", () -> cell(8, 3, 8, 2, 8, 5, none));
    refused("clip must be positive, is 0.0", () -> cell(8, 3, 8, 2, 8, 6, 0));
    refused("clip must be positive, is NaN", () -> cell(8, 3, 8, 2, 8, 6, Float.NaN));
    Matrix wide = Matrix.zeros(1, 3);
    refused(
        "projection needs 2 columns",
        () -> Cell.of(Matrix.zeros(8, 3), Matrix.zeros(8, 1), Matrix.zeros(1, 8), wide));
    Cell projected =
        Cell.of(Matrix.zeros(8, 3), Matrix.zeros(8, 1), Matrix.zeros(1, 8), Matrix.zeros(1, 2));
    assertEquals(24 + 8 + 8 + 2, projected.parameters());
    assertEquals(24 + 16 + 8 + 6, cell(8, 3, 8, 2, 8, 6, 1).parameters());
  }

  @Test
  void normalizationOfACell() {
    refused("normalization needs 2 hidden units, has 3", () -> good().withNorm(norm(3)));
    String without = "neither peepholes nor clip";
    refused(without, () -> cell(8, 3, 8, 2, 8, 6, Float.POSITIVE_INFINITY).withNorm(norm(2)));
    refused(without, () -> cell(8, 3, 8, 2, 8, 0, 1).withNorm(norm(2)));
    assertEquals(24 + 16 + 8 + 8 + 2 + 2, good().withNorm(norm(2)).parameters());
    Matrix two = Matrix.zeros(1, 2);
    Matrix eight = Matrix.zeros(1, 8);
    refused("4*2 scales", () -> new CellNorm(two, two, two, 1));
    refused("2 shifts", () -> new CellNorm(eight, two, eight, 1));
    refused("epsilon must be positive, is 0.0", () -> new CellNorm(eight, two, two, 0));
    refused("epsilon must be positive, is NaN", () -> new CellNorm(eight, two, two, Float.NaN));
  }

  private void lstm(
      List<Cell> cells,
      Value input,
      Optional<Value> lengths,
      Optional<Value> mask,
      Optional<Value> h,
      Optional<Value> c) {
    List<Lstm.Direction> directions =
        cells.stream().map(k -> new Lstm.Direction(false, k)).toList();
    g.lstm("lstm", Layouts.ONNX, directions, input, lengths, mask, h, c);
  }

  private Optional<Value> value(Tensor.Type type, Dim... dims) {
    return Optional.of(g.input("v", type, Shape.of(dims)));
  }

  @Test
  void whatALayerReads() {
    List<Cell> one = List.of(good());
    Optional<Value> floats = value(Tensor.Type.FLOAT32, B);
    Optional<Value> mask = value(Tensor.Type.FLOAT32, T, B);
    Value narrow = value(Tensor.Type.FLOAT32, T, B, Dim.of(4)).orElseThrow();
    refused(
        "one direction or two, not 3",
        () -> lstm(List.of(good(), good(), good()), x, NONE, NONE, NONE, NONE));
    refused("x must have 3 features", () -> lstm(one, narrow, NONE, NONE, NONE, NONE));
    Cell wider = cell(12, 3, 12, 3, 12, 0, 1);
    refused("the directions differ", () -> lstm(List.of(good(), wider), x, NONE, NONE, NONE, NONE));
    Cell normed = good().withNorm(norm(2));
    refused(
        "the directions differ", () -> lstm(List.of(good(), normed), x, NONE, NONE, NONE, NONE));
    refused("lengths must be [batch]", () -> lstm(one, x, floats, NONE, NONE, NONE));
    refused(
        "lengths must be [batch]",
        () -> lstm(one, x, value(Tensor.Type.INT32, T), NONE, NONE, NONE));
    refused(
        "the mask cannot be", () -> lstm(one, x, NONE, value(Tensor.Type.INT32, T, B), NONE, NONE));
    refused(
        "the mask cannot be",
        () -> lstm(one, x, NONE, value(Tensor.Type.FLOAT32, B, T), NONE, NONE));
    refused(
        "the mask cannot be", () -> lstm(one, x, value(Tensor.Type.INT32, B), mask, NONE, NONE));
    refused("the mask cannot be", () -> lstm(List.of(normed), x, NONE, mask, NONE, NONE));
    Optional<Value> state = value(Tensor.Type.FLOAT32, Dim.of(1), B, Dim.of(3));
    refused("initial h must be", () -> lstm(one, x, NONE, NONE, state, NONE));
    refused("initial c must be", () -> lstm(one, x, NONE, NONE, NONE, state));
    lstm(
        one,
        x,
        value(Tensor.Type.INT32, B),
        NONE,
        value(Tensor.Type.FLOAT32, Dim.of(1), B, Dim.of(2)),
        NONE);
    lstm(one, x, NONE, mask, NONE, value(Tensor.Type.FLOAT32, Dim.of(1), B, Dim.of(2)));
  }

  /** Where elements lie, from the layouts: T 5, B 7, two directions of two units each. */
  @Test
  void stridesFollowTheLayouts() {
    Map<Layouts, List<Lstm.Strides>> expected =
        Map.of(
            Layouts.ONNX,
            List.of(new Lstm.Strides(28, 14, 2), new Lstm.Strides(0, 14, 2)),
            Layouts.BATCH_FIRST,
            List.of(new Lstm.Strides(4, 2, 20), new Lstm.Strides(0, 14, 2)),
            Layouts.ONNX_BATCH_MAJOR,
            List.of(new Lstm.Strides(4, 2, 20), new Lstm.Strides(0, 2, 4)),
            Layouts.TIME_FIRST,
            List.of(new Lstm.Strides(28, 2, 4), new Lstm.Strides(0, 14, 2)));
    expected.forEach(
        (layouts, strides) -> {
          GraphBuilder own = new GraphBuilder();
          boolean timeMajor = layouts.x() == Lstm.SequenceLayout.TIME_MAJOR;
          Shape shape = timeMajor ? Shape.of(T, B, Dim.of(3)) : Shape.of(B, T, Dim.of(3));
          Value input = own.input("x", Tensor.Type.FLOAT32, shape);
          List<Lstm.Direction> both =
              List.of(new Lstm.Direction(false, good()), new Lstm.Direction(true, good()));
          own.lstm("lstm", layouts, both, input, NONE, NONE, NONE);
          Lstm lstm = own.build("one", "by hand").lstms().findFirst().orElseThrow();
          assertEquals(strides.get(0), lstm.yStrides(5, 7), layouts::toString);
          assertEquals(strides.get(1), lstm.stateStrides(7, 2), layouts::toString);
        });
  }

  @Test
  void whatOtherStagesRead() {
    Value y = g.input("y", Tensor.Type.FLOAT32, Shape.of(T, B, Dim.of(4)));
    refused("make no", () -> g.binary("sum", Binary.Operation.ADD, x, y));
    refused(
        "LayerNorm norm", () -> g.layerNorm("norm", Matrix.zeros(1, 4), Matrix.zeros(1, 3), 1, x));
    refused(
        "LayerNorm norm", () -> g.layerNorm("norm", Matrix.zeros(1, 3), Matrix.zeros(1, 4), 1, x));
    refused(
        "LayerNorm norm", () -> g.layerNorm("norm", Matrix.zeros(1, 3), Matrix.zeros(1, 3), -1, x));
    refused(
        "LayerNorm norm",
        () -> g.layerNorm("norm", Matrix.zeros(1, 3), Matrix.zeros(1, 3), Float.NaN, x));
    refused("Slice slice", () -> g.slice("slice", x, 2, 0, 0, Dim.of(1)));
  }
}
