package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What runs until the vector kernels are compiled has their bits. */
class WarmingKernelsTest {
  private static final Device CPU = new CpuBackend().devices().get(0);
  private static final int DEPTH = 11;
  private static final int BLOCKS = 3;

  @BeforeEach
  void vectors() {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
  }

  private static Kernels panels() {
    return new PanelKernels((VectorKernels) CpuKernels.get());
  }

  private static Stream<Precision> precisions() {
    return Stream.of(Precision.FP32, Precision.BF16, Precision.FP16, Precision.INT8);
  }

  private static Stream<Arguments> cases() {
    return precisions()
        .flatMap(
            precision ->
                Stream.concat(Cases.wide().stream(), Cases.all().stream())
                    .map(c -> Arguments.of(precision, c)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void loopsOverPanelsGiveTheSameBits(Precision precision, Cases.Case c) {
    try (Session vectors = new CpuSession(c.graph(), CPU, "", CpuKernels.get(), 1, precision);
        Session loops = new CpuSession(c.graph(), CPU, "", panels(), 2, precision)) {
      CpuKernelsTest.assertSame(vectors.run(c.inputs()), loops.run(c.inputs()), c);
    }
  }

  /**
   * On both sides of a strip's end; with sums that begin with the same row, and each with its own.
   */
  @ParameterizedTest
  @MethodSource("precisions")
  void soDoProductsOfAnyNumberOfRows(Precision precision) {
    Kernels vectors = CpuKernels.get();
    int width = 4 * vectors.units(64);
    Random random = new Random(3);
    boolean int8 = precision == Precision.INT8;
    float[] numbers = new float[DEPTH * BLOCKS * width];
    for (int k = 0; k < numbers.length; k++) {
      numbers[k] =
          int8 ? random.nextInt(255) - 127 : precision.round((float) random.nextGaussian());
    }
    Packed.Source source = (k, block, column) -> numbers[(k * BLOCKS + block) * width + column];
    float[] scales = floats(random, BLOCKS * width);
    Packed weights =
        switch (precision) {
          case INT8 -> vectors.packInt8(DEPTH, BLOCKS, width, source, scales);
          case FP32 -> vectors.pack(DEPTH, BLOCKS, width, source);
          default -> vectors.packNarrow(precision, DEPTH, BLOCKS, width, source);
        };
    int most = 40;
    Rows a = vectors.rows(most, DEPTH);
    for (int row = 0; row < most; row++) {
      System.arraycopy(floats(random, DEPTH), 0, a.of[row], a.at[row], DEPTH);
    }
    float[] from = floats(random, most * width);
    for (int rows = 1; rows <= most - 2; rows++) {
      for (int stride : new int[] {0, width}) {
        float[] expected = new float[most * width];
        float[] actual = new float[most * width];
        vectors.product(weights, 1, 1, rows, a, 2, from, 0, stride, expected, 0);
        panels().product(weights, 1, 1, rows, a, 2, from, 0, stride, actual, 0);
        // beyond these rows nothing is touched
        assertArrayEquals(expected, actual);
      }
    }
  }

  /** While a session runs; how soon is HotSpot's business. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "BF16", "FP16", "INT8"})
  void theResultIsTheSameBeforeAndAfter(Precision precision) {
    Cases.Case c = Cases.wide().get(0);
    Kernels kernels = CpuKernels.get().ofSession(precision);
    try (Session vectors = new CpuSession(c.graph(), CPU, "", CpuKernels.get(), 2, precision);
        Session session = new CpuSession(c.graph(), CPU, "", kernels, 2, precision)) {
      Map<String, Tensor> expected = vectors.run(c.inputs());
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
      while (System.nanoTime() < end) {
        CpuKernelsTest.assertSame(expected, session.run(c.inputs()), c);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("precisions")
  void nothingFailsWhereNobodyLooks(Precision precision) {
    VectorKernels vectors = (VectorKernels) CpuKernels.get();
    VectorWarmUp warmUp = new VectorWarmUp(vectors, new PanelKernels(vectors));
    warmUp.begin(precision);
    warmUp.await();
    assertEquals(Optional.empty(), warmUp.failure());
    assertTrue(warmUp.compiled(VectorWarmUp.UPDATE));
    assertTrue(warmUp.compiled(VectorWarmUp.products(precision, 1)));
    assertTrue(warmUp.compiled(VectorWarmUp.products(Precision.FP32, 7)));
  }

  @Test
  void plainKernelsNeedNoneOfThis() {
    assertSame(CpuKernels.plain(), CpuKernels.plain().ofSession(Precision.FP32));
  }

  private static float[] floats(Random random, int count) {
    float[] floats = new float[count];
    for (int k = 0; k < count; k++) {
      floats[k] = (float) random.nextGaussian();
    }
    return floats;
  }
}
