package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.backend.Cases;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import org.junit.jupiter.api.Test;

/**
 * {@link VectorKernels#mixOperations} uses each operation that kernels use. Seen in the tables of
 * the module, which have an entry for each operation once it has been used; so in a Java of its
 * own, where nothing has been.
 */
class MixOperationsTest {
  @Test
  void afterwardsNoOperationIsUsedForTheFirstTime() throws IOException, InterruptedException {
    assumeTrue(CpuKernels.get() != CpuKernels.plain(), "there is no Vector API here");
    String out =
        JavaOfItsOwn.output(
            Program.class,
            "--add-modules=jdk.incubator.vector",
            "--add-opens=jdk.incubator.vector/jdk.incubator.vector=ALL-UNNAMED");
    assertEquals("[] beside many", out);
  }

  /** Prints what is used for the first time. */
  static final class Program {
    private static final Device CPU = new CpuBackend().devices().get(0);
    private static final List<Precision> PRECISIONS =
        List.of(Precision.FP32, Precision.BF16, Precision.FP16, Precision.INT8);

    private Program() {}

    public static void main(String[] arguments) throws ReflectiveOperationException {
      VectorKernels.mixOperations(1, new float[2 * VectorTiles.LANES], new int[VectorTiles.LANES]);
      Set<String> mixed = used();
      Kernels kernels = CpuKernels.get();
      kernels.multiplyAdd(1, 1);
      for (Precision precision : PRECISIONS) {
        Stream.concat(Cases.wide().stream(), Cases.all().stream())
            .forEach(
                c -> {
                  try (Session session =
                      new CpuSession(c.graph(), CPU, "", kernels, 1, precision)) {
                    session.run(c.inputs());
                  }
                });
      }
      Set<String> others = used();
      others.removeAll(mixed);
      System.out.println(others + " beside " + (mixed.isEmpty() ? "none" : "many"));
    }

    /** Tables and places in them that have an entry. */
    private static Set<String> used() throws ReflectiveOperationException {
      Set<String> used = new TreeSet<>();
      for (Class<?> vector : List.of(FloatVector.class, IntVector.class)) {
        for (Field field : vector.getDeclaredFields()) {
          if (field.getType().getSimpleName().equals("ImplCache")) {
            field.setAccessible(true);
            Object table = field.get(null);
            Field cache = table.getClass().getDeclaredField("cache");
            cache.setAccessible(true);
            Object[] entries = (Object[]) cache.get(table);
            for (int k = 0; k < entries.length; k++) {
              if (entries[k] != null) {
                used.add(vector.getSimpleName() + " " + field.getName() + " " + k);
              }
            }
          }
        }
      }
      return used;
    }
  }
}
