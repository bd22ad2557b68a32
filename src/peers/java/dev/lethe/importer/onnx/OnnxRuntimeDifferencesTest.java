package dev.lethe.importer.onnx;

import static dev.lethe.importer.onnx.Models.attribute;
import static dev.lethe.importer.onnx.Models.random;
import static dev.lethe.importer.onnx.Models.reals;
import static dev.lethe.importer.onnx.Models.texts;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.importer.onnx.proto.AttributeProto;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Where ONNX Runtime does otherwise than Lethe, which {@link RandomModel} therefore leaves out. A
 * test that fails here tells that a new version of ONNX Runtime has changed.
 */
class OnnxRuntimeDifferencesTest {
  private static final int FEATURES = 3;
  private static final int HIDDEN = 2;
  private static final float CLOSE = 1e-6f;

  @TempDir Path folder;

  /** It has the attribute since opset 14 and refuses 1. */
  @Test
  void layoutOneIsNotSupported() {
    Models models =
        lstm(List.of("X", "W", "R"), List.of("Y"), attribute("layout", 1))
            .input("X", 4, 5, FEATURES)
            .output("Y");
    OrtException refusal =
        assertThrows(
            OrtException.class, () -> OnnxRuntime.run(models.build(), Map.of("X", x(4, 5))));
    assertTrue(refusal.getMessage().contains("layout == 1"), refusal.getMessage());
  }

  /**
   * What the final state of an empty sequence is, the specification leaves open (onnx/onnx issue
   * 1674). Lethe hands on the initial state, as TensorFlow does; ONNX Runtime answers 0.
   */
  @Test
  void anEmptySequenceLosesItsState() throws IOException, OrtException {
    Models models =
        lstm(List.of("X", "W", "R", "", "sequence_lens", "h", "c"), List.of("", "Y_h", "Y_c"))
            .input("X", 4, 2, FEATURES)
            .lengthsInput("sequence_lens", 2)
            .input("h", 1, 2, HIDDEN)
            .input("c", 1, 2, HIDDEN)
            .output("Y_h", "Y_c");
    float[] h = {0.1f, 0.2f, 0.3f, 0.4f};
    float[] c = {0.5f, 0.6f, 0.7f, 0.8f};
    Map<String, Tensor> inputs =
        Map.of(
            "X", x(4, 2),
            "sequence_lens", Tensor.of(new int[] {4, 0}, 2),
            "h", Tensor.of(h, 1, 2, HIDDEN),
            "c", Tensor.of(c, 1, 2, HIDDEN));
    Map<String, Tensor> theirs = OnnxRuntime.run(models.build(), inputs);
    Map<String, Tensor> ours = lethe(models, inputs);
    for (int j = HIDDEN; j < 2 * HIDDEN; j++) {
      assertEquals(0, theirs.get("Y_h").floats().get(j));
      assertEquals(0, theirs.get("Y_c").floats().get(j));
      assertEquals(h[j], ours.get("Y_h").floats().get(j));
      assertEquals(c[j], ours.get("Y_c").floats().get(j));
    }
  }

  /**
   * By the specification they are those of the operators: 1 and 0 for Affine, 1 and 1 for
   * ScaledTanh, 1 for ThresholdedRelu. ONNX Runtime takes 0.
   */
  @Test
  void defaultParametersAreZero() throws IOException, OrtException {
    for (String function : List.of("Affine", "ScaledTanh", "ThresholdedRelu")) {
      String[] names = {"Sigmoid", "Tanh", function};
      Map<String, Tensor> inputs = Map.of("X", x(4, 5));
      Models bare = withFunctions(names);
      Models zeros = withFunctions(names, reals("activation_alpha", 0));
      Models ones = withFunctions(names, reals("activation_alpha", 1));
      if (!function.equals("ThresholdedRelu")) {
        float beta = function.equals("Affine") ? 0 : 1;
        zeros = withFunctions(names, reals("activation_alpha", 0), reals("activation_beta", 0));
        ones = withFunctions(names, reals("activation_alpha", 1), reals("activation_beta", beta));
      }
      float[] theirs = OnnxRuntime.run(bare.build(), inputs).get("Y").toFloatArray();
      float[] ours = lethe(bare, inputs).get("Y").toFloatArray();
      assertArrayEquals(
          OnnxRuntime.run(zeros.build(), inputs).get("Y").toFloatArray(), theirs, function);
      assertArrayEquals(
          OnnxRuntime.run(ones.build(), inputs).get("Y").toFloatArray(), ours, CLOSE, function);
    }
  }

  /**
   * No difference, but worth knowing: by the letter of the specification clip bounds what goes into
   * every activation, so c on its way to h too. Neither does that (microsoft/onnxruntime issue
   * 27224).
   */
  @Test
  void neitherClipsTheCellBeforeItsActivation() throws IOException, OrtException {
    List<String> names = List.of("X", "W", "R", "", "", "", "c");
    Map<String, Tensor> inputs =
        Map.of("X", x(1, 1), "c", Tensor.of(new float[] {9, 9}, 1, 1, HIDDEN));
    Models models =
        lstm(names, List.of("Y"), attribute("clip", 0.1f))
            .input("X", 1, 1, FEATURES)
            .input("c", 1, 1, HIDDEN)
            .output("Y");
    float[] theirs = OnnxRuntime.run(models.build(), inputs).get("Y").toFloatArray();
    for (float h : theirs) {
      // The output gate is about 1/2, tanh(9 * f) about 1 and tanh(clip) about 0.1.
      assertTrue(h > 0.4f, () -> "clipped: " + h);
    }
    assertArrayEquals(theirs, lethe(models, inputs).get("Y").toFloatArray(), CLOSE);
  }

  private static Models withFunctions(String[] names, AttributeProto... parameters) {
    List<AttributeProto> attributes = new ArrayList<>(List.of(parameters));
    attributes.add(texts("activations", names));
    return lstm(List.of("X", "W", "R"), List.of("Y"), attributes.toArray(AttributeProto[]::new))
        .input("X", 4, 5, FEATURES)
        .output("Y");
  }

  private static Models lstm(
      List<String> inputs, List<String> outputs, AttributeProto... attributes) {
    List<AttributeProto> all = new ArrayList<>(List.of(attributes));
    all.add(attribute("hidden_size", HIDDEN));
    return new Models(14)
        .lstmWeights(FEATURES, HIDDEN)
        .node("LSTM", inputs, outputs, all.toArray(AttributeProto[]::new));
  }

  private static Tensor x(int steps, int batch) {
    return Tensor.of(random(steps * batch * FEATURES), steps, batch, FEATURES);
  }

  private Map<String, Tensor> lethe(Models models, Map<String, Tensor> inputs) throws IOException {
    try (Session session = models.read(folder).open(Options.defaults().withDevice("cpu:scalar"))) {
      return session.run(inputs);
    }
  }
}
