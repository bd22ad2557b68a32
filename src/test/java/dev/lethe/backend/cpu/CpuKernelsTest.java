package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Device;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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

  @Test
  void sessionRunsLargeAndSmallBatchesInTurn() {
    Cases.Case small = Cases.all().get(1);
    Map<String, Tensor> expected = run(small, CpuKernels.get(), 2);
    try (Session session = new CpuSession(small.graph(), CPU, "", CpuKernels.get(), 2)) {
      session.prepare(Map.of("time", 9, "batch", 40));
      assertSame(expected, session.run(small.inputs()), small);
      session.prepare(Map.of("time", 1, "batch", 1));
      assertSame(expected, session.run(small.inputs()), small);
    }
  }

  @Test
  void descriptionSaysHowToGetTheOther() {
    boolean vector = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    assertEquals(vector, CpuKernels.get() != CpuKernels.plain());
    assertTrue(CpuKernels.description().contains("--add-modules jdk.incubator.vector"));
    assertTrue(CPU.description().contains(CpuKernels.description()));
    assertEquals(vector, CPU.name().endsWith("-bit vectors"));
  }

  private static void assertSame(
      Map<String, Tensor> expected, Map<String, Tensor> actual, Cases.Case c) {
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
    try (Session session = new CpuSession(c.graph(), CPU, "", kernels, threads)) {
      return session.run(c.inputs());
    }
  }
}
