package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A sequence's bits alone, in any batch, at any place in it and padded: for the kernels that only
 * GPUs take by themselves, here wherever there is OpenCL.
 */
class MatrixInvarianceTest {
  static final int INPUT = 5;
  private static final int HIDDEN = Cases.SMALL ? 9 : 37;
  private static final int BATCH = Cases.SMALL ? 3 : 19;
  private static final int STEPS = 3;

  /** A kernel, and the plan that has no other for this network at any batch. */
  private record Variant(String kernel, OpenClPlan plan) {
    @Override
    public String toString() {
      return kernel + " " + plan.precision();
    }
  }

  static Stream<Variant> variants() {
    // what stands in for matrix units is slow to compile and to emulate
    List<Precision> precisions =
        Cases.SMALL ? List.of(Precision.BF16) : List.of(Precision.TF32, Precision.FP16);
    return Stream.concat(
        Stream.of(new Variant("lstm_persistent", plan(Precision.FP32, 50, List.of()))),
        precisions.stream()
            .flatMap(
                precision -> {
                  List<MatrixStepTile> tile = List.of(new MatrixStepTile(2, 1));
                  return Stream.of(
                      new Variant("lstm_matrix", plan(precision, 50, tile)),
                      new Variant("lstm_matrix_step", plan(precision, 0, tile)));
                }));
  }

  /**
   * With one tile for each kernel.
   *
   * @param groups of a kernel whose groups wait for each other
   */
  static OpenClPlan plan(Precision precision, int groups, List<MatrixStepTile> matrix) {
    PersistentPlan persistent =
        new PersistentPlan(
            groups, false, 1000, false, 0, 32 << 10, List.of(new PersistentPlan.Shape(8, 2)));
    return plan(precision, persistent, matrix, 1 << 20);
  }

  static OpenClPlan plan(
      Precision precision,
      PersistentPlan persistent,
      List<MatrixStepTile> matrix,
      long projectionBytes) {
    return new OpenClPlan(
        List.of(new ProductTile(4, 16, 4, 2, 16)),
        List.of(new StepTile(16, 4, 2, 16)),
        List.of(),
        persistent,
        precision,
        matrix,
        16,
        64,
        projectionBytes,
        Integer.MAX_VALUE,
        0,
        TunedLayers.NONE);
  }

  @ParameterizedTest
  @MethodSource("variants")
  void aSequenceHasTheSameBitsInAnyCompany(Variant variant) {
    float[][] sequences = sequences();
    ProgramCache cache = ProgramCache.inUserFolder();
    for (Discovery.Found found : OptionsTest.devices()) {
      try (OpenClSession session =
          OpenClSession.open(network(HIDDEN), found, variant.plan(), cache, "")) {
        float[][] together = run(session, sequences, STEPS);
        assertTrue(
            session.kernels().get(0).startsWith(variant.kernel() + " "),
            session.kernels()::toString);
        assertTrue(Arrays.stream(together).anyMatch(y -> y.length > 0 && y[0] != 0));
        for (int b = 0; b < BATCH; b++) {
          float[][] alone = run(session, new float[][] {sequences[b]}, STEPS);
          assertArrayEquals(alone[0], together[b]);
        }
        for (int shift = 1; shift < BATCH; shift += Cases.SMALL ? 1 : 5) {
          float[][] turned = new float[BATCH][];
          for (int b = 0; b < BATCH; b++) {
            turned[b] = sequences[(b + shift) % BATCH];
          }
          float[][] actual = run(session, turned, STEPS);
          for (int b = 0; b < BATCH; b++) {
            assertArrayEquals(together[(b + shift) % BATCH], actual[b]);
          }
        }
        assertArrayEquals(together, run(session, sequences, STEPS + 4));
        assertTrue(session.persistentUsable());
        assertEquals(BATCH, together.length);
      }
    }
  }

  /** The last group has eight units that there are not; more sequences than a round takes. */
  @Test
  void groupsOfTwiceAsManyUnitsMakeTheSameBits() {
    int hidden = Cases.SMALL ? 33 : 69;
    PersistentPlan room = new PersistentPlan(50, false, 1000, false, 0, 44 << 10, List.of());
    OpenClPlan plan =
        plan(Precision.TF32, 0, List.of(new MatrixStepTile(2, 1))).withPersistent(room);
    ProgramCache cache = ProgramCache.inUserFolder();
    for (Discovery.Found found : OptionsTest.devices()) {
      List<float[]> all = new ArrayList<>();
      List<PersistentPlan.Cut> cuts =
          plan.persistent().cuts(new LayerSizes(STEPS, BATCH, 1, hidden, 2), true, Precision.TF32);
      assertEquals(List.of(8, 16), cuts.stream().map(PersistentPlan.Cut::units).toList());
      for (PersistentPlan.Cut cut : cuts) {
        OpenClPlan one = plan.withPersistent(plan.persistent().only(cut));
        try (OpenClSession session = OpenClSession.open(network(hidden), found, one, cache, "")) {
          Map<String, Tensor> inputs = Cases.padded(sequences(), STEPS, INPUT);
          all.add(session.run(inputs).get("y").toFloatArray());
          assertTrue(
              session.kernels().get(0).contains(cut.toString()), session.kernels()::toString);
        }
      }
      assertArrayEquals(all.get(0), all.get(1));
    }
  }

  /** Both directions, sequences of different lengths. */
  static Graph network(int hidden) {
    return network(INPUT, hidden);
  }

  static Graph network(int input, int hidden) {
    Random random = new Random(31);
    GraphBuilder g = new GraphBuilder();
    Value x =
        g.input(
            "x", Tensor.Type.FLOAT32, Shape.of(Dim.symbol("b"), Dim.symbol("t"), Dim.of(input)));
    Value lengths = g.input("lengths", Tensor.Type.INT32, Shape.of(Dim.symbol("b")));
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "lstm",
            Layouts.BATCH_FIRST,
            List.of(
                new Lstm.Direction(false, Cases.cell(random, hidden, input)),
                new Lstm.Direction(true, Cases.cell(random, hidden, input))),
            x,
            Optional.of(lengths),
            Optional.empty(),
            Optional.empty());
    return g.output("y", out.y()).build("invariance", "made by hand");
  }

  /** [B][length * I], of lengths from 0 to STEPS. */
  private static float[][] sequences() {
    Random random = new Random(32);
    float[][] sequences = new float[BATCH][];
    for (int b = 0; b < BATCH; b++) {
      sequences[b] = new float[(STEPS - b % (STEPS + 1)) * INPUT];
      for (int k = 0; k < sequences[b].length; k++) {
        sequences[b][k] = (float) random.nextGaussian();
      }
    }
    return sequences;
  }

  /** y of each sequence up to its end. */
  private static float[][] run(OpenClSession session, float[][] sequences, int steps) {
    Tensor y = session.run(Cases.padded(sequences, steps, INPUT)).get("y");
    float[] all = y.toFloatArray();
    float[][] results = new float[sequences.length][];
    for (int b = 0; b < results.length; b++) {
      int from = b * steps * 2 * HIDDEN;
      results[b] = Arrays.copyOfRange(all, from, from + sequences[b].length / INPUT * 2 * HIDDEN);
    }
    return results;
  }
}
