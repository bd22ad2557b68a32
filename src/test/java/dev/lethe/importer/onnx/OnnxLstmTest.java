package dev.lethe.importer.onnx;

import static dev.lethe.importer.onnx.Models.attribute;
import static dev.lethe.importer.onnx.Models.random;
import static dev.lethe.importer.onnx.Models.reals;
import static dev.lethe.importer.onnx.Models.texts;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.ModelFormatException;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.ActivationFunction.Kind;
import dev.lethe.network.Cell;
import dev.lethe.network.Expand;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.SelectStep;
import dev.lethe.network.Stage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The operator LSTM: gate order, biases, functions, states, lengths, layouts. */
class OnnxLstmTest {
  @TempDir Path folder;

  @Test
  void gatesAreReorderedAndBiasesSummed() throws IOException {
    int hidden = 2;
    float[] w = random(4 * hidden * 3);
    float[] r = random(4 * hidden * hidden);
    float[] b = random(8 * hidden);
    float[] p = random(3 * hidden);
    Graph graph =
        new Models(14)
            .input("X", 5, 4, 3)
            .floats("W", w, 1, 8, 3)
            .floats("R", r, 1, 8, 2)
            .floats("B", b, 1, 16)
            .floats("P", p, 1, 6)
            .node("LSTM", List.of("X", "W", "R", "B", "", "", "", "P"), List.of("Y"))
            .output("Y")
            .read(folder);
    Cell cell = graph.lstms().findFirst().orElseThrow().directions().get(0).cell();
    int[] onnxGate = {0, 2, 3, 1};
    int[] onnxPeephole = {0, 2, 1};
    for (int unit = 0; unit < hidden; unit++) {
      for (int gate = 0; gate < 4; gate++) {
        int from = onnxGate[gate] * hidden + unit;
        int to = gate * hidden + unit;
        assertEquals(w[from * 3 + 1], cell.input().at(to, 1));
        assertEquals(r[from * 2 + 1], cell.recurrent().at(to, 1));
        assertEquals(b[from] + b[8 + from], cell.bias().at(0, to));
      }
      for (int gate = 0; gate < 3; gate++) {
        assertEquals(p[onnxPeephole[gate] * hidden + unit], cell.peepholes().at(gate, unit));
      }
    }
  }

  @Test
  void secondDirectionHasItsOwnWeightsAndFunctions() throws IOException {
    float[] w = random(2 * 4 * 3);
    Graph graph =
        new Models(14)
            .input("X", 5, 4, 3)
            .floats("W", w, 2, 4, 3)
            .floats("R", random(8), 2, 4, 1)
            .node(
                "LSTM",
                List.of("X", "W", "R"),
                List.of("Y"),
                attribute("direction", "bidirectional"),
                texts(
                    "activations", "sigmoid", "LeakyRelu", "tanh", "HardSigmoid", "Elu", "Affine"),
                reals("activation_alpha", 0.3f, 0.4f),
                reals("activation_beta", 0.6f),
                attribute("clip", 3f),
                attribute("input_forget", 1))
            .output("Y")
            .read(folder);
    Lstm lstm = graph.lstms().findFirst().orElseThrow();
    assertEquals(
        List.of(false, true), lstm.directions().stream().map(Lstm.Direction::reverse).toList());
    Cell forward = lstm.directions().get(0).cell();
    Cell reverse = lstm.directions().get(1).cell();
    assertEquals(w[4 * 3 + 2 * 3], reverse.input().at(1, 0));
    assertEquals(ActivationFunction.SIGMOID, forward.gate());
    assertEquals(new ActivationFunction(Kind.LEAKY_RELU, 0.3f, 0), forward.candidate());
    assertEquals(new ActivationFunction(Kind.HARD_SIGMOID, 0.4f, 0.6f), reverse.gate());
    assertEquals(new ActivationFunction(Kind.ELU, 1, 0), reverse.candidate());
    assertEquals(new ActivationFunction(Kind.AFFINE, 1, 0), reverse.output());
    assertTrue(forward.coupled());
    assertEquals(3f, reverse.clip());
  }

  @Test
  void unknownActivationIsRefused() {
    String message =
        refusal(
            new Models(14)
                .input("X", 5, 4, 3)
                .lstmWeights(3, 2)
                .node(
                    "LSTM",
                    List.of("X", "W", "R"),
                    List.of("Y"),
                    texts("activations", "Sine", "Tanh", "Tanh"))
                .output("Y"));
    assertTrue(message.contains("node 'the LSTM' (LSTM)") && message.contains("'Sine'"), message);
  }

  @Test
  void aModelWithoutLengthsGetsThem() throws IOException {
    Graph graph = lastStep(new Models(14).input("X", "batch", "time", 3)).read(folder);
    Port lengths = graph.inputs().get(1);
    assertEquals("sequence_lens", lengths.name());
    assertTrue(lengths.optional());
    Lstm lstm = graph.lstms().findFirst().orElseThrow();
    assertEquals(Optional.of("sequence_lens"), lstm.lengths().map(v -> v.name()));
    assertEquals(Lstm.SequenceLayout.BATCH_MAJOR, lstm.xLayout());
    SelectStep select = only(graph, SelectStep.class);
    assertEquals(1, select.back());
    assertEquals("[batch, 2]", graph.outputs().get(0).shape().toString());
  }

  @Test
  void fixedSizesAndATakenNameGetNoLengths() throws IOException {
    Graph fixed = lastStep(new Models(14).input("X", 4, 5, 3)).read(folder);
    assertEquals(List.of("X"), fixed.inputs().stream().map(Port::name).toList());
    Models taken = new Models(14).input("X", "batch", "time", 3).input("sequence_lens", "other", 1);
    Graph graph = lastStep(taken).read(folder);
    assertTrue(graph.lstms().allMatch(lstm -> lstm.lengths().isEmpty()));
    assertEquals(2, graph.inputs().size());
  }

  @Test
  void aReversedTimeAxisGetsNoLengths() throws IOException {
    Graph graph =
        new Models(14)
            .input("X", "time", "batch", 3)
            .lstmWeights(3, 2)
            .integers("start", -1)
            .integers("end", Long.MIN_VALUE)
            .integers("axis", 0)
            .integers("step", -1)
            .node("LSTM", List.of("X", "W", "R"), List.of("Y"))
            .node("Slice", List.of("X", "start", "end", "axis", "step"), List.of("back"))
            .node("LSTM", List.of("back", "W", "R"), List.of("Z"))
            .output("Y", "Z")
            .read(folder);
    assertEquals(List.of("X"), graph.inputs().stream().map(Port::name).toList());
    assertTrue(graph.lstms().allMatch(lstm -> lstm.lengths().isEmpty()));
  }

  @Test
  void aStateWithAFixedBatchFixesTheBatchEverywhere() throws IOException {
    Graph graph =
        new Models(14)
            .input("X", "time", "batch", 3)
            .input("h", 1, 8, 2)
            .input("c", 1, "n", 2)
            .lstmWeights(3, 2)
            .node("LSTM", List.of("X", "W", "R", "", "", "h", "c"), List.of("Y", "hn", "cn"))
            .output("Y", "hn", "cn")
            .read(folder);
    assertEquals(
        "[X FLOAT32 [time, 8, 3], h FLOAT32 [1, 8, 2], c FLOAT32 [1, 8, 2]]",
        graph.inputs().toString());
    assertEquals("[time, 1, 8, 2]", graph.outputs().get(0).shape().toString());
  }

  @Test
  void sizesWithoutANameGetOne() throws IOException {
    Graph graph =
        new Models(14)
            .input("X", "None", 0, 3)
            .lstmWeights(3, 2)
            .node("LSTM", List.of("X", "W", "R"), List.of("Y"))
            .output("Y")
            .read(folder);
    assertEquals("[time, batch, 3]", graph.inputs().get(0).shape().toString());
  }

  @Test
  void zeroStatesVanishAndTrainedOnesAreExpanded() throws IOException {
    Graph graph =
        new Models(14)
            .input("X", "time", "batch", 3)
            .lstmWeights(3, 2)
            .floats("h", random(2), 1, 1, 2)
            .integers("one", 1)
            .integers("zero", 0)
            .integers("units", 2)
            .node("Shape", List.of("X"), List.of("shape"))
            .node("Gather", List.of("shape", "one"), List.of("batch"))
            .node(
                "Concat", List.of("one", "batch", "units"), List.of("states"), attribute("axis", 0))
            .node("ConstantOfShape", List.of("states"), List.of("c"))
            .node("Expand", List.of("h", "states"), List.of("hs"))
            .node("LSTM", List.of("X", "W", "R", "", "", "hs", "c"), List.of("Y"))
            .output("Y")
            .read(folder);
    Lstm lstm = graph.lstms().findFirst().orElseThrow();
    assertEquals(Optional.empty(), lstm.initialC());
    assertEquals("[1, batch, 2]", lstm.initialH().orElseThrow().shape().toString());
    assertEquals("[1, 1, 2]", only(graph, Expand.class).x().shape().toString());
  }

  @Test
  void layoutOneIsBatchMajor() throws IOException {
    Graph graph =
        new Models(14)
            .input("X", 4, 5, 3)
            .lstmWeights(3, 2)
            .node("LSTM", List.of("X", "W", "R"), List.of("Y", "h"), attribute("layout", 1))
            .output("Y", "h")
            .read(folder);
    assertEquals("[4, 5, 1, 2]", graph.outputs().get(0).shape().toString());
    assertEquals("[4, 1, 2]", graph.outputs().get(1).shape().toString());
    assertEquals(
        Lstm.StateLayout.BATCH_DIRECTION, graph.lstms().findFirst().orElseThrow().stateLayout());
  }

  @Test
  void outputsAreWrittenInTheOrderInWhichTheyAreRead() throws IOException {
    Graph graph =
        new Models(14)
            .input("X", "time", "batch", 3)
            .floats("W", random(24), 2, 4, 3)
            .floats("R", random(8), 2, 4, 1)
            .integers("flat", 0, 0, -1)
            .node(
                "LSTM",
                List.of("X", "W", "R"),
                List.of("Y"),
                attribute("direction", "bidirectional"))
            .node("Transpose", List.of("Y"), List.of("T"), Models.list("perm", 0, 2, 1, 3))
            .node("Reshape", List.of("T", "flat"), List.of("F"))
            .node("Transpose", List.of("F"), List.of("out"), Models.list("perm", 1, 0, 2))
            .output("out")
            .read(folder);
    assertEquals(1, graph.steps().size(), graph.stages()::toString);
    Lstm lstm = graph.lstms().findFirst().orElseThrow();
    assertEquals(Lstm.OutputLayout.BATCH_TIME_DIRECTION, lstm.yLayout());
    assertEquals("[batch, time, 2]", graph.outputs().get(0).shape().toString());
  }

  @Test
  void anOutputThatIsReadTwiceKeepsItsOrder() throws IOException {
    Graph graph =
        new Models(14)
            .input("X", "time", "batch", 3)
            .lstmWeights(3, 2)
            .integers("one", 1)
            .node("LSTM", List.of("X", "W", "R"), List.of("Y"))
            .node("Squeeze", List.of("Y", "one"), List.of("out"))
            .output("Y", "out")
            .read(folder);
    assertEquals(
        Lstm.OutputLayout.TIME_DIRECTION_BATCH, graph.lstms().findFirst().orElseThrow().yLayout());
    assertEquals(2, graph.steps().size());
  }

  @Test
  void weightsThatAreInputsAreBoundByName() throws IOException {
    Models models =
        new Models(14)
            .input("X", 5, 4, 3)
            .input("W", 1, 8, 3)
            .floats("R", random(16), 1, 8, 2)
            .node("LSTM", List.of("X", "W", "R"), List.of("Y"))
            .output("Y");
    Path file = models.write(folder);
    assertEquals(List.of("X", "W"), TensorFiles.inputNames(file));
    assertEquals(List.of("W"), TensorFiles.weightNames(file));
    String message = refusal(models);
    assertTrue(message.contains("bind") && message.contains("'W'"), message);
    Graph graph = models.read(folder, Map.of("W", Tensor.of(random(24), 1, 8, 3)));
    assertEquals(List.of("X"), graph.inputs().stream().map(Port::name).toList());
  }

  @Test
  void weightsOfTheWrongShapeAreRefused() {
    String message =
        refusal(
            new Models(14)
                .input("X", 5, 4, 3)
                .floats("W", random(21), 1, 7, 3)
                .floats("R", random(16), 1, 8, 2)
                .node("LSTM", List.of("X", "W", "R"), List.of("Y"))
                .output("Y"));
    assertTrue(message.contains("W must be [1, 8, 3], is [1, 7, 3]"), message);
  }

  private static Models lastStep(Models models) {
    return models
        .lstmWeights(3, 2)
        .integers("last", -1)
        .node("Transpose", List.of("X"), List.of("XT"), Models.list("perm", 1, 0, 2))
        .node("LSTM", List.of("XT", "W", "R"), List.of("Y"))
        .node("Squeeze", List.of("Y", "one"), List.of("YS"))
        .integers("one", 1)
        .node("Gather", List.of("YS", "last"), List.of("step"), attribute("axis", 0))
        .integers("zero", 0)
        .node("Squeeze", List.of("step", "zero"), List.of("out"))
        .output("out");
  }

  private String refusal(Models models) {
    return assertThrows(ModelFormatException.class, () -> models.read(folder)).getMessage();
  }

  private static <S extends Stage> S only(Graph graph, Class<S> type) {
    List<S> found = graph.steps().stream().filter(type::isInstance).map(type::cast).toList();
    assertEquals(1, found.size(), graph.stages()::toString);
    return found.get(0);
  }
}
