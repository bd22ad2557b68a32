package dev.lethe.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GraphTest {
  private static final Dim BATCH = Dim.symbol("batch");
  private static final Dim TIME = Dim.symbol("time");
  private final GraphBuilder builder = new GraphBuilder();

  private Value input(Dim... dims) {
    return builder.input("x", Tensor.Type.FLOAT32, Shape.of(dims));
  }

  private static Cell cell(int input, int hidden, int output) {
    return Cell.of(
        Matrix.zeros(4 * hidden, input),
        Matrix.zeros(4 * hidden, output),
        Matrix.zeros(1, 4 * hidden),
        output == hidden ? Matrix.empty() : Matrix.zeros(output, hidden));
  }

  private GraphBuilder.LstmOutputs lstm(Value x, GraphBuilder.Layouts layouts, int directions) {
    List<Lstm.Direction> all =
        List.of(new Lstm.Direction(false, cell(3, 5, 2)), new Lstm.Direction(true, cell(3, 5, 2)));
    return builder.lstm(
        "lstm",
        layouts,
        all.subList(0, directions),
        x,
        Optional.empty(),
        Optional.empty(),
        Optional.empty());
  }

  @Test
  void layoutsShapeWhatALayerWrites() {
    Value x = input(TIME, BATCH, Dim.of(3));
    GraphBuilder.LstmOutputs outputs = lstm(x, GraphBuilder.Layouts.ONNX, 2);
    assertEquals(Shape.of(TIME, Dim.of(2), BATCH, Dim.of(2)), outputs.y().shape());
    assertEquals(Shape.of(Dim.of(2), BATCH, Dim.of(2)), outputs.finalH().shape());
    assertEquals(Shape.of(Dim.of(2), BATCH, Dim.of(5)), outputs.finalC().shape());
    assertEquals(
        Shape.of(TIME, BATCH, Dim.of(4)), lstm(x, GraphBuilder.Layouts.TIME_FIRST, 2).y().shape());
  }

  @Test
  void batchAndTimeAreNamedByTheFirstLayer() {
    GraphBuilder.LstmOutputs outputs =
        lstm(input(BATCH, TIME, Dim.of(3)), GraphBuilder.Layouts.BATCH_FIRST, 1);
    Graph graph = builder.output("y", outputs.y()).build("g", "test");
    assertEquals(Optional.of("batch"), graph.batchSize());
    assertEquals(Optional.of("time"), graph.timeSteps());
    assertEquals(4 * 5 * (3 + 2) + 4 * 5 + 2 * 5, graph.parameters());
    long perStep = 2 * (4 * 5 * (3 + 2) + 2 * 5);
    assertEquals(7 * 4 * perStep, graph.operations(Map.of("batch", 7, "time", 4)));
  }

  @Test
  void refusesShapesThatDoNotFit() {
    Value x = input(BATCH, TIME, Dim.of(4));
    assertThrows(
        IllegalArgumentException.class, () -> lstm(x, GraphBuilder.Layouts.BATCH_FIRST, 1));
    assertThrows(
        IllegalArgumentException.class,
        () -> builder.dense("d", Matrix.zeros(3, 2), Matrix.zeros(1, 2), x));
    assertThrows(IllegalArgumentException.class, () -> builder.transpose("t", x, List.of(0, 0, 1)));
    assertThrows(
        IllegalArgumentException.class, () -> builder.reshape("r", x, Shape.of(BATCH, TIME)));
    assertThrows(IllegalArgumentException.class, () -> builder.concat("c", 1, List.of(x, x)));
    assertThrows(
        IllegalArgumentException.class,
        () -> Cell.of(Matrix.zeros(8, 3), Matrix.zeros(8, 3), Matrix.zeros(1, 8)));
  }

  @Test
  void namesStayUnique() {
    Value x = input(BATCH, Dim.of(4));
    Value first = builder.activation("a", ActivationFunction.TANH, x);
    Value second = builder.activation("a", ActivationFunction.TANH, first);
    assertEquals("a", first.name());
    assertEquals("a#2", second.name());
  }

  @Test
  void refusesAStageThatReadsWhatNobodyWrote() {
    Value nobody = new Value("nobody", Tensor.Type.FLOAT32, Shape.of(2));
    Value y = new Value("y", Tensor.Type.FLOAT32, Shape.of(2));
    Stage stage = new Activation("a", ActivationFunction.TANH, nobody, y);
    assertThrows(
        IllegalArgumentException.class,
        () -> new Graph("g", "test", List.of(), List.of(stage), List.of()));
  }
}
