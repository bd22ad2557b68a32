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
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
    assumeTrue(VectorTiles.PANEL == WideTiles.VECTORS * VectorTiles.LANES, "slim tiles");
    Kernels kernels = new VectorKernels();
    Random random = new Random(depth);
    int width = VectorTiles.BLOCK;
    Packed weights =
        kernels.pack(depth, 2, width, (k, block, column) -> (float) random.nextGaussian());
    int most = 27;
    Rows apart = Rows.apart(most, depth);
    Rows packed = Rows.packable(most, depth);
    for (int row = 0; row < most; row++) {
      for (int k = 0; k < depth; k++) {
        apart.of[row][k] = (float) random.nextGaussian();
        packed.of[row][k] = apart.of[row][k];
      }
    }
    for (int count = 1; count <= most; count++) {
      float[] expected = new float[(most + 1) * width];
      float[] actual = new float[(most + 1) * width];
      packed.pack(count, 0, depth);
      kernels.product(weights, 0, 0, count, apart, 0, expected, 0, width, expected, 0);
      kernels.product(weights, 0, 1, count, packed, 0, actual, 0, width, actual, 0);
      assertArrayEquals(expected, actual, count + " rows");
    }
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
