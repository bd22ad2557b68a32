package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Dim;
import dev.lethe.Precision;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The input projection on matrix units, whatever its tile. */
class MatrixProductTest {
  @Test
  void tileGrowsWithTheProductUntilItWouldLeaveUnitsIdle() {
    assertEquals(64, tile(32, 1, 256));
    assertEquals(64, tile(64, 64, 256));
    assertEquals(128, tile(64, 256, 1024));
  }

  /** Of an H200's 132 units. */
  private static int tile(int t, int b, int hidden) {
    LayerSizes sizes = new LayerSizes(t, b, hidden, hidden, 1);
    OpenClPlan plan = OpenClPlan.of(OpenClPlanTest.h200(), Precision.FP16);
    return plan.choose(sizes, Recurrence.Permitted.ALL).product().rows();
  }

  /** Rows and columns on both sides of a tile's end, inputs that are read by fours and singly. */
  @ParameterizedTest
  @CsvSource({
    "TF32, 5, 33, 19, 19",
    "FP16, 3, 86, 33, 35",
    "FP16, 3, 86, 36, 35",
    "BF16, 13, 10, 5, 33",
    "BF16, 5, 7, 12, 9"
  })
  void bitsAreTheSameWithEachTile(Precision precision, int t, int b, int input, int hidden) {
    assumeTrue(!Cases.SMALL || precision == Precision.BF16, "emulated matrix units are slow");
    Random random = new Random(41);
    Graph network = network(random, input, hidden);
    Map<String, Tensor> x = Map.of("x", Cases.floats(random, t, b, input));
    for (Discovery.Found found : OptionsTest.devices()) {
      List<float[]> y = new ArrayList<>();
      for (MatrixProductTile tile : MatrixProductTile.ALL) {
        y.add(run(network, found, plan(precision, tile), x));
      }
      assertTrue(y.get(0)[0] != 0);
      y.forEach(each -> assertArrayEquals(y.get(0), each));
    }
  }

  private static float[] run(
      Graph network, Discovery.Found found, OpenClPlan plan, Map<String, Tensor> x) {
    ProgramCache cache = ProgramCache.inUserFolder();
    try (OpenClSession session = OpenClSession.open(network, found, plan, cache, "")) {
      return Objects.requireNonNull(session.run(x).get("y")).toFloatArray();
    }
  }

  private static OpenClPlan plan(Precision precision, MatrixProductTile tile) {
    MatrixStepTile step = new MatrixStepTile(2, 1);
    return MatrixInvarianceTest.plan(precision, 0, List.of(step))
        .only(new LayerChoice(tile, step, true));
  }

  private static Graph network(Random random, int input, int hidden) {
    GraphBuilder g = new GraphBuilder();
    Value x =
        g.input(
            "x", Tensor.Type.FLOAT32, Shape.of(Dim.symbol("t"), Dim.symbol("b"), Dim.of(input)));
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "lstm",
            Layouts.TIME_FIRST,
            List.of(new Lstm.Direction(false, Cases.cell(random, hidden, input))),
            x,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    return g.output("y", out.y()).build("product", "made by hand");
  }
}
