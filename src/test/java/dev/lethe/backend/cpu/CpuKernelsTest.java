package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Same bits from both kinds of kernels and from any number of threads. */
class CpuKernelsTest {
  private static final Device CPU = new CpuBackend().devices().get(0);

  @ParameterizedTest
  @MethodSource("dev.lethe.backend.Cases#all")
  void plainAndVectorGiveTheSameBits(Cases.Case c) {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
    assertSame(run(c, CpuKernels.plain(), 1), run(c, CpuKernels.get(), 1), c);
  }

  @ParameterizedTest
  @MethodSource("dev.lethe.backend.Cases#all")
  void anyNumberOfThreadsGivesTheSameBits(Cases.Case c) {
    Map<String, Tensor> one = run(c, CpuKernels.get(), 1);
    assertSame(one, run(c, CpuKernels.get(), 2), c);
    assertSame(one, run(c, CpuKernels.get(), 3), c);
  }

  @ParameterizedTest
  @MethodSource("dev.lethe.backend.Cases#wide")
  void threadsThatShareHiddenUnitsGiveTheSameBits(Cases.Case c) {
    Map<String, Tensor> one = run(c, CpuKernels.get(), 1);
    for (int threads : new int[] {2, 3, 5}) {
      assertSame(one, run(c, CpuKernels.get(), threads), c);
    }
    assertSame(one, run(c, CpuKernels.plain(), 2), c);
  }

  @Test
  void aRoundOfMultiplyAddsIsWhatItSays() {
    Kernels vector = CpuKernels.get();
    assumeTrue(vector != CpuKernels.plain(), "there is no Vector API here");
    float expected = 0;
    int chains = vector.operationsOfARound() / 2 / vector.units(1);
    for (int k = 0; k < chains; k++) {
      expected += 0.75f * (0.5f + k) + 0.25f;
    }
    assertEquals(expected, vector.multiplyAdd(1, 0.5f), 1e-4f);
    assertEquals(chains, vector.multiplyAdd(1000, 0.5f), 1e-4f);
  }

  @Test
  void thePeakIsKnownWhereVectorsAre() {
    try (Workers workers = new Workers(2)) {
      assertTrue(CpuPeak.measure(CpuKernels.plain(), workers, Duration.ofMinutes(1)).isEmpty());
      assertEquals(
          CpuKernels.get() != CpuKernels.plain(),
          CpuPeak.measure(CpuKernels.get(), workers, Duration.ofMinutes(1))
              .filter(peak -> peak.operations() > 0)
              .isPresent());
    }
  }

  @Test
  void specialNumbersGiveTheSameFromBothKinds() {
    Kernels vector = CpuKernels.get();
    Kernels plain = CpuKernels.plain();
    assumeTrue(vector != plain, "there is no Vector API here");
    int units = vector.units(1);
    float[] special = {
      Float.NaN,
      Float.intBitsToFloat(0x7f800001),
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      0f,
      -0f,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      88f,
      -88f,
      FloatMath.GATE_BOUND,
      -FloatMath.GATE_BOUND,
      -33.4f,
      10f,
      -10f,
      9.99f,
      -87.5f,
      1f
    };
    int rows = special.length * special.length;
    float[] z = new float[rows * 4 * units];
    for (int k = 0; k < z.length; k++) {
      int row = k / (4 * units);
      boolean first = k / units % 4 < 2;
      z[k] = special[first ? row / special.length : row % special.length];
    }
    float[] c = new float[rows * units];
    Arrays.fill(c, 0.5f);
    float[] otherZ = z.clone();
    float[] otherC = c.clone();
    Rows h = vector.rows(rows, units + 3);
    Rows otherH = plain.rows(rows, units + 3);
    vector.update(rows, z, 0, 4 * units, c, 0, units, h, 3, units, false);
    plain.update(rows, otherZ, 0, 4 * units, otherC, 0, units, otherH, 3, units, false);
    assertArrayEquals(otherC, c);
    for (int row = 0; row < rows; row++) {
      assertArrayEquals(
          Arrays.copyOfRange(otherH.of[row], otherH.at[row], otherH.at[row] + units + 3),
          Arrays.copyOfRange(h.of[row], h.at[row], h.at[row] + units + 3));
    }
    assertTrue(Float.isNaN(h.of[0][h.at[0] + 3]));
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void aRowOfSeveralBlocksIsTheProductWithEach(Precision precision) {
    for (Kernels kernels : List.of(CpuKernels.get(), CpuKernels.plain())) {
      int depth = 7;
      int blocks = 7;
      int width = 4 * kernels.units(64);
      Packed.Source source =
          (k, block, column) -> precision.round((k * 5 + block * 3 + column) % 11 - 4f);
      float[] scales = new float[blocks * width];
      for (int k = 0; k < scales.length; k++) {
        scales[k] = 0.5f + k % 3;
      }
      Packed weights =
          switch (precision) {
            case INT8 -> kernels.packInt8(depth, blocks, width, source, scales);
            case FP32 -> kernels.pack(depth, blocks, width, source);
            default -> kernels.packNarrow(precision, depth, blocks, width, source);
          };
      Rows a = kernels.rows(1, depth);
      float[] row = {1.5f, -2, 3, 0.25f, 7, -0.5f, 1};
      System.arraycopy(row, 0, a.of[0], a.at[0], depth);
      int stride = width + 5;
      float[] z = new float[blocks * stride];
      for (int k = 0; k < z.length; k++) {
        z[k] = k % 13;
      }
      float[] expected = z.clone();
      for (int block = 0; block < blocks; block++) {
        int place = block * stride;
        kernels.product(weights, block, block, 1, a, 0, expected, place, 0, expected, place);
      }
      kernels.row(weights, 0, blocks, a, z, 0, stride);
      assertArrayEquals(expected, z);
    }
  }

  @Test
  void sessionRunsLargeAndSmallBatchesInTurn() {
    Cases.Case small = Cases.all().get(1);
    Map<String, Tensor> expected = run(small, CpuKernels.get(), 2);
    try (Session session =
        new CpuSession(small.graph(), CPU, "", CpuKernels.get(), 2, Precision.FP32)) {
      session.prepare(Map.of("time", 9, "batch", 40));
      assertSame(expected, session.run(small.inputs()), small);
      session.prepare(Map.of("time", 1, "batch", 1));
      assertSame(expected, session.run(small.inputs()), small);
    }
  }

  @Test
  void outputsThatNobodyWantsAreLeftOut() {
    Cases.Case c = longRows();
    Map<String, Tensor> expected = run(c, CpuKernels.get(), 2);
    for (String name : expected.keySet()) {
      try (Session session =
          new CpuSession(c.graph(), CPU, "", CpuKernels.get(), 2, Precision.FP32)) {
        Tensor wanted = Tensor.allocate(Tensor.Type.FLOAT32, shape(expected, name));
        session.run(c.inputs(), Map.of(name, wanted));
        assertArrayEquals(bits(expected.get(name)), bits(wanted), name);
      }
    }
  }

  @Test
  void anOutputIsNoInput() {
    Cases.Case c = longRows();
    Tensor h = Objects.requireNonNull(c.inputs().get("h0"), c.inputs().keySet()::toString);
    try (Session session =
        new CpuSession(c.graph(), CPU, "", CpuKernels.get(), 2, Precision.FP32)) {
      String refusal =
          assertThrows(InputException.class, () -> session.run(c.inputs(), Map.of("h", h)))
              .getMessage();
      assertEquals("output 'h' is the tensor of input 'h0'", refusal);
    }
  }

  private static Cases.Case longRows() {
    return Cases.all().stream()
        .filter(c -> c.toString().startsWith("long rows"))
        .findFirst()
        .orElseThrow();
  }

  private static int[] shape(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name)).shape();
  }

  @Test
  void descriptionSaysHowToGetTheOther() {
    boolean vector = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    assertEquals(vector, CpuKernels.get() != CpuKernels.plain());
    assertTrue(CpuKernels.description().contains("--add-modules jdk.incubator.vector"));
    assertTrue(CPU.description().contains(CpuKernels.description()));
    assertEquals(vector, CPU.name().endsWith("-bit vectors"));
  }

  static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> actual, Cases.Case c) {
    assertEquals(expected.keySet(), actual.keySet());
    for (String name : expected.keySet()) {
      assertNotSame(expected.get(name), actual.get(name));
      assertArrayEquals(bits(expected.get(name)), bits(actual.get(name)), () -> c + ", " + name);
    }
  }

  private static int[] bits(Tensor tensor) {
    int[] bits = new int[tensor.size()];
    tensor.bytes().asIntBuffer().get(bits);
    return bits;
  }

  private static Map<String, Tensor> run(Cases.Case c, Kernels kernels, int threads) {
    try (Session session = new CpuSession(c.graph(), CPU, "", kernels, threads, Precision.FP32)) {
      return session.run(c.inputs());
    }
  }
}
