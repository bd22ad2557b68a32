package dev.lethe.importer.onnx;

import static dev.lethe.importer.onnx.Models.attribute;
import static dev.lethe.importer.onnx.Models.list;
import static dev.lethe.importer.onnx.Models.random;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.ModelFormatException;
import dev.lethe.network.Binary;
import dev.lethe.network.Constant;
import dev.lethe.network.Dense;
import dev.lethe.network.Embedding;
import dev.lethe.network.Expand;
import dev.lethe.network.Graph;
import dev.lethe.network.Reshape;
import dev.lethe.network.Slice;
import dev.lethe.network.Softmax;
import dev.lethe.network.Stage;
import dev.lethe.network.Transpose;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Operators around an LSTM: folding, lowering, old and new opsets. */
class OnnxOperatorsTest {
  @TempDir Path folder;

  @Test
  void aVectorAddedToAProductIsItsBias() throws IOException {
    float[] weights = random(6);
    float[] bias = random(2);
    for (boolean biasFirst : List.of(true, false)) {
      Graph graph =
          new Models(14)
              .input("x", "n", 3)
              .floats("w", weights, 3, 2)
              .floats("b", bias, 2)
              .node("MatMul", List.of("x", "w"), List.of("p"))
              .node("Add", biasFirst ? List.of("b", "p") : List.of("p", "b"), List.of("y"))
              .output("y")
              .read(folder);
      assertEquals(1, graph.steps().size(), graph.stages()::toString);
      Dense dense = only(graph, Dense.class);
      assertArrayEquals(weights, dense.weights().toArray());
      assertArrayEquals(bias, dense.bias().toArray());
    }
  }

  @Test
  void aProductThatIsReadElsewhereStays() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", "n", 3)
            .floats("w", random(6), 3, 2)
            .floats("b", random(2), 2)
            .node("MatMul", List.of("x", "w"), List.of("p"))
            .node("Add", List.of("p", "b"), List.of("y"))
            .output("p", "y")
            .read(folder);
    assertEquals(2, graph.steps().size(), graph.stages()::toString);
  }

  @Test
  void gemmScalesAndTransposes() throws IOException {
    float[] weights = random(6);
    float[] bias = random(2);
    Graph graph =
        new Models(14)
            .input("x", "n", 3)
            .floats("w", weights, 2, 3)
            .floats("b", bias, 1, 2)
            .node(
                "Gemm",
                List.of("x", "w", "b"),
                List.of("y"),
                attribute("transB", 1),
                attribute("alpha", 0.5f),
                attribute("beta", 2f))
            .output("y")
            .read(folder);
    Dense dense = only(graph, Dense.class);
    assertEquals(0.5f * weights[1 * 3 + 2], dense.weights().at(2, 1));
    assertEquals(2f * bias[1], dense.bias().at(0, 1));
  }

  @Test
  void otherConstantsAreExpanded() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", "n", 3)
            .floats("s", new float[] {0.5f}, 1)
            .floats("v", random(3), 3)
            .node("Mul", List.of("x", "s"), List.of("half"))
            .node("Sub", List.of("v", "half"), List.of("y"))
            .output("y")
            .read(folder);
    List<Binary> stages = all(graph, Binary.class);
    assertEquals(
        List.of(Binary.Operation.MULTIPLY, Binary.Operation.SUBTRACT),
        stages.stream().map(Binary::operation).toList());
    assertEquals(stages.get(0).y(), stages.get(1).b());
    assertEquals(2, all(graph, Expand.class).size());
    assertEquals(2, all(graph, Constant.class).size());
  }

  @Test
  void idsAreLookedUp() throws IOException {
    float[] table = random(20);
    Graph graph =
        new Models(14)
            .integerInput("ids", "batch", "time")
            .floats("t", table, 5, 4)
            .node("Cast", List.of("ids"), List.of("same"), attribute("to", 6))
            .node("Gather", List.of("t", "same"), List.of("y"))
            .output("y")
            .read(folder);
    Embedding embedding = only(graph, Embedding.class);
    assertEquals("ids", embedding.ids().name());
    assertArrayEquals(table, embedding.table().toArray());
    assertEquals("[batch, time, 4]", graph.outputs().get(0).shape().toString());
  }

  @Test
  void shapeArithmeticIsFolded() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", "batch", "time", 2, 3)
            .integers("i", 0)
            .integers("j", 2, 3)
            .integers("ax", 0)
            .integers("to", 2)
            .integers("six", -1)
            .node("Shape", List.of("x"), List.of("s"))
            .node("Slice", List.of("s", "i", "to", "ax"), List.of("front"))
            .node("Gather", List.of("s", "j"), List.of("two"))
            .node("Concat", List.of("front", "six"), List.of("target"), attribute("axis", 0))
            .node("Reshape", List.of("x", "target"), List.of("y"))
            .output("y")
            .read(folder);
    assertEquals(1, graph.steps().size());
    assertEquals("[batch, time, 6]", only(graph, Reshape.class).y().shape().toString());
  }

  @Test
  void reshapesKnowZeroAndProducts() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", "batch", "time", 6)
            .integers("flat", -1, 6)
            .integers("keep", 0, 2, 3)
            .node("Reshape", List.of("x", "flat"), List.of("f"))
            .node("Reshape", List.of("f", "keep"), List.of("y"))
            .output("y")
            .read(folder);
    assertEquals("[batch*time, 2, 3]", graph.outputs().get(0).shape().toString());
    assertEquals(1, graph.steps().size(), "a chain of reshapes is one");
  }

  @Test
  void aReshapeWithAFixedBatchFixesIt() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", "batch", 2, 3)
            .integers("to", 4, 6)
            .node("Reshape", List.of("x", "to"), List.of("y"))
            .output("y")
            .read(folder);
    assertEquals("[4, 2, 3]", graph.inputs().get(0).shape().toString());
  }

  @Test
  void slicesOfOldAndNewOpsetsAgree() throws IOException {
    Graph old =
        new Models(9)
            .input("x", 7, 4)
            .node(
                "Slice",
                List.of("x"),
                List.of("y"),
                list("starts", -3),
                list("ends", 1000),
                list("axes", 0))
            .output("y")
            .read(folder);
    Graph recent =
        new Models(14)
            .input("x", 7, 4)
            .integers("s", -3)
            .integers("e", 1000)
            .integers("a", 0)
            .node("Slice", List.of("x", "s", "e", "a"), List.of("y"))
            .output("y")
            .read(folder);
    for (Graph graph : List.of(old, recent)) {
      Slice slice = only(graph, Slice.class);
      assertEquals(4, slice.start());
      assertEquals("[3, 4]", slice.y().shape().toString());
    }
  }

  @Test
  void slicesGoBackwards() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", 7, 4)
            .integers("s", 100)
            .integers("e", 0)
            .integers("a", 0)
            .integers("step", -2)
            .node("Slice", List.of("x", "s", "e", "a", "step"), List.of("y"))
            .output("y")
            .read(folder);
    Slice slice = only(graph, Slice.class);
    assertEquals(6, slice.start());
    assertEquals(-2, slice.step());
    assertEquals("[3, 4]", slice.y().shape().toString());
  }

  @Test
  void constantsAreTurnedAndCutWhileImporting() throws IOException {
    float[] weights = random(24);
    Graph graph =
        new Models(14)
            .input("x", "n", 3)
            .floats("w", weights, 2, 4, 3)
            .integers("i", 1)
            .node("Transpose", List.of("w"), List.of("wt"), list("perm", 2, 0, 1))
            .node("Gather", List.of("wt", "i"), List.of("part"), attribute("axis", 1))
            .node("Squeeze", List.of("part", "i"), List.of("m"))
            .node("MatMul", List.of("x", "m"), List.of("y"))
            .output("y")
            .read(folder);
    Dense dense = only(graph, Dense.class);
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 4; column++) {
        assertEquals(weights[(1 * 4 + column) * 3 + row], dense.weights().at(row, column));
      }
    }
  }

  @Test
  void weightsInPiecesAreJoinedWhileImporting() throws IOException {
    float[] left = random(6);
    float[] right = random(9);
    Graph graph =
        new Models(14)
            .input("x", "n", 3)
            .floats("a", left, 3, 2)
            .floats("b", right, 3, 3)
            .node("Concat", List.of("a", "b"), List.of("w"), attribute("axis", 1))
            .node("MatMul", List.of("x", "w"), List.of("y"))
            .output("y")
            .read(folder);
    Dense dense = only(graph, Dense.class);
    assertEquals(5, dense.weights().columns());
    for (int row = 0; row < 3; row++) {
      assertEquals(left[row * 2 + 1], dense.weights().at(row, 1));
      assertEquals(right[row * 3 + 2], dense.weights().at(row, 4));
    }
  }

  @Test
  void splitsAndConcatenates() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", "n", 5)
            .integers("sizes", 2, 3)
            .node("Split", List.of("x", "sizes"), List.of("a", "b"), attribute("axis", -1))
            .node("Concat", List.of("b", "a"), List.of("y"), attribute("axis", 1))
            .output("y")
            .read(folder);
    assertEquals(List.of(0L, 2L), all(graph, Slice.class).stream().map(Slice::start).toList());
    assertEquals("[n, 5]", graph.outputs().get(0).shape().toString());
  }

  @Test
  void softmaxOfOldOpsetsIsTakenOnlyWhereItIsTheLastAxis() throws IOException {
    Graph flat =
        new Models(11)
            .input("x", "n", 5)
            .node("Softmax", List.of("x"), List.of("y"))
            .output("y")
            .read(folder);
    assertEquals(1, all(flat, Softmax.class).size());
    Models deep =
        new Models(11)
            .input("x", "n", 4, 5)
            .node("Softmax", List.of("x"), List.of("y"))
            .output("y");
    String message = assertThrows(ModelFormatException.class, () -> deep.read(folder)).getMessage();
    assertTrue(message.contains("node 'the Softmax' (Softmax)"), message);
    Graph other =
        new Models(13)
            .input("x", "n", 4, 5)
            .node("LogSoftmax", List.of("x"), List.of("y"), attribute("axis", 1))
            .output("y")
            .read(folder);
    assertTrue(only(other, Softmax.class).logarithm());
    assertEquals(2, all(other, Transpose.class).size());
  }

  @Test
  void partsOfOpenAxesThatCannotBeToldAreRefused() {
    Models models =
        new Models(14)
            .input("x", "time", 4)
            .integers("s", 1)
            .integers("e", 3)
            .node("Slice", List.of("x", "s", "e"), List.of("y"))
            .output("y");
    String message =
        assertThrows(ModelFormatException.class, () -> models.read(folder)).getMessage();
    assertTrue(message.contains("whose length only the data will tell"), message);
  }

  @Test
  void whatNobodyReadsIsDropped() throws IOException {
    Graph graph =
        new Models(14)
            .input("x", "n", 4)
            .input("unused", 3)
            .node("Relu", List.of("x"), List.of("y"))
            .node("Tanh", List.of("x"), List.of("z"))
            .output("y")
            .read(folder);
    assertEquals(1, graph.steps().size());
    assertEquals(2, graph.inputs().size());
  }

  private static <S extends Stage> List<S> all(Graph graph, Class<S> type) {
    return graph.steps().stream().filter(type::isInstance).map(type::cast).toList();
  }

  private static <S extends Stage> S only(Graph graph, Class<S> type) {
    List<S> found = all(graph, type);
    assertEquals(1, found.size(), graph.stages()::toString);
    return found.get(0);
  }
}
