package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Packed rows wherever there can be any, not only where they pay. */
class PackedRowsTest {
  private static final Device CPU = new CpuBackend().devices().get(0);

  private static Stream<Cases.Case> cases() {
    return Stream.concat(Cases.wide().stream(), Cases.all().stream());
  }

  @ParameterizedTest
  @MethodSource("cases")
  void packedRowsGiveTheSameBits(Cases.Case c) {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
    assumeTrue(VectorTiles.PANEL == WideTiles.VECTORS * VectorTiles.LANES, "slim tiles");
    Kernels packing = packing(new VectorKernels());
    Map<String, Tensor> expected = run(c, CpuKernels.plain(), 1);
    CpuKernelsTest.assertSame(expected, run(c, packing, 1), c);
    CpuKernelsTest.assertSame(expected, run(c, packing, 2), c);
  }

  /**
   * Tiles of each height, over depths that are a multiple of what a turn of their loop takes and
   * not.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 4, 7, 40, 133})
  void soDoProductsOfAnyNumberOfRows(int depth) {
    for (int count = 1; count <= 27; count++) {
      checkProduct(count, depth, 2);
    }
    checkProduct(200, depth, 2);
  }

  /** Panels that are fetched before their tiles, as weights are that no cache holds. */
  @ParameterizedTest
  @ValueSource(ints = {511, 512, 1030})
  void soDoWeightsOutOfMemory(int depth) {
    int blocks = (9 << 20) / (depth * VectorTiles.BLOCK);
    for (int count : new int[] {12, 14, 17, 200}) {
      checkProduct(count, depth, blocks);
    }
  }

  private static void checkProduct(int count, int depth, int blocks) {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
    assumeTrue(VectorTiles.PANEL == WideTiles.VECTORS * VectorTiles.LANES, "slim tiles");
    Kernels kernels = new VectorKernels();
    Random random = new Random(depth);
    int width = VectorTiles.BLOCK;
    Packed weights =
        kernels.pack(depth, blocks, width, (k, block, column) -> random.nextFloat() - 0.5f);
    Rows apart = Rows.apart(count, depth);
    Rows packed = Rows.packable(count, depth);
    for (int row = 0; row < count; row++) {
      for (int k = 0; k < depth; k++) {
        apart.of[row][k] = (float) random.nextGaussian();
        packed.of[row][k] = apart.of[row][k];
      }
    }
    float[] expected = new float[count * width];
    float[] actual = new float[count * width];
    packed.pack(count, 0, depth);
    kernels.product(weights, 0, 0, count, apart, 0, expected, 0, width, expected, 0);
    kernels.product(weights, 0, 1, count, packed, 0, actual, 0, width, actual, 0);
    assertArrayEquals(expected, actual, count + " rows");
  }

  private static Map<String, Tensor> run(Cases.Case c, Kernels kernels, int threads) {
    try (Session session = new CpuSession(c.graph(), CPU, "", kernels, threads, Precision.FP32)) {
      return session.run(c.inputs());
    }
  }

  private static Kernels packing(Kernels vectors) {
    return (Kernels)
        Proxy.newProxyInstance(
            Kernels.class.getClassLoader(),
            new Class<?>[] {Kernels.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("ofSession")) {
                return proxy;
              }
              if (method.getName().equals("rows") && arguments.length == 3) {
                return Rows.packable((int) arguments[0], (int) arguments[1]);
              }
              try {
                return method.invoke(vectors, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
