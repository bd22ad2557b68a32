package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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
