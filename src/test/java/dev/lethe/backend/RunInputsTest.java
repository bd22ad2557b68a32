package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A network of ids [batch, time], lengths and an initial state, each of which can be wrong. */
class RunInputsTest {
  private static final Tensor IDS = Tensor.of(new int[] {1, -7, 6, 0, 2, 3}, 2, 3);
  private final RunInputs inputs = new RunInputs(graph());

  private static Graph graph() {
    GraphBuilder builder = new GraphBuilder();
    Dim batch = Dim.symbol("batch");
    Value ids = builder.input("ids", Tensor.Type.INT32, Shape.of(batch, Dim.symbol("time")));
    Value lengths =
        builder.input("lengths", Tensor.Type.INT32, Shape.of(batch), Graph.Default.FULL_LENGTH);
    Value h =
        builder.input(
            "h", Tensor.Type.FLOAT32, Shape.of(Dim.of(1), batch, Dim.of(2)), Graph.Default.ZEROS);
    Value turned = builder.transpose("turned", ids, List.of(1, 0));
    Value x = builder.embedding("table", Matrix.zeros(7, 3), turned);
    Cell cell = Cell.of(Matrix.zeros(8, 3), Matrix.zeros(8, 2), Matrix.zeros(1, 8));
    GraphBuilder.LstmOutputs outputs =
        builder.lstm(
            "lstm",
            GraphBuilder.Layouts.TIME_FIRST,
            List.of(new Lstm.Direction(false, cell)),
            x,
            Optional.of(lengths),
            Optional.of(h),
            Optional.empty());
    return builder.output("y", outputs.y()).build("g", "test");
  }

  private String refusal(Map<String, Tensor> given) {
    return assertThrows(InputException.class, () -> inputs.check(given)).getMessage();
  }

  @Test
  void bindsSizesAndFillsInWhatIsLeftOut() {
    RunInputs.Checked checked = inputs.check(Map.of("ids", IDS));
    assertEquals(Map.of("batch", 2, "time", 3), checked.sizes());
    assertArrayEquals(
        new int[] {3, 3}, Objects.requireNonNull(checked.tensors().get("lengths")).toIntArray());
    assertArrayEquals(
        new float[4], Objects.requireNonNull(checked.tensors().get("h")).toFloatArray());
  }

  @Test
  void defaultsFollowTheSizes() {
    inputs.check(Map.of("ids", IDS));
    RunInputs.Checked longer = inputs.check(Map.of("ids", IDS.reshape(1, 6)));
    assertArrayEquals(
        new int[] {6}, Objects.requireNonNull(longer.tensors().get("lengths")).toIntArray());
  }

  @Test
  void saysWhatIsWrongAndWhatWouldBeRight() {
    assertEquals("no input 'idz'; there are [ids, lengths, h]", refusal(Map.of("idz", IDS)));
    assertEquals("input 'ids' [batch, time] is missing", refusal(Map.of()));
    assertEquals(
        "input 'ids': expected INT32 [batch, time], got FLOAT32 [2, 3]; convert it to INT32",
        refusal(Map.of("ids", Tensor.of(new float[6], 2, 3))));
    assertEquals(
        "input 'ids': expected INT32 [batch, time], got [6]",
        refusal(Map.of("ids", IDS.reshape(6))));
    assertEquals(
        "input 'h': expected FLOAT32 [1, batch, 2], got [1, 3, 2] (another input makes batch 2)",
        refusal(Map.of("ids", IDS, "h", Tensor.of(new float[6], 1, 3, 2))));
    assertEquals(
        "input 'ids': expected INT32 [batch, time], got an empty tensor [0, 3]",
        refusal(Map.of("ids", Tensor.of(new int[0], 0, 3))));
  }

  @Test
  void idsAreFollowedBackToTheInputThatTheyComeFrom() {
    assertEquals(
        "input 'ids': element 1 is 7, but an id must be from -7 to 6",
        refusal(Map.of("ids", Tensor.of(new int[] {0, 7}, 1, 2))));
    assertEquals(
        "input 'ids': element 0 is -8, but an id must be from -7 to 6",
        refusal(Map.of("ids", Tensor.of(new int[] {-8, 0}, 1, 2))));
  }

  @Test
  void lengthsEndWithTheTimeAxis() {
    assertEquals(
        "input 'lengths': element 1 is 4, but a length must be from 0 to 3",
        refusal(Map.of("ids", IDS, "lengths", Tensor.of(new int[] {0, 4}, 2))));
  }
}
