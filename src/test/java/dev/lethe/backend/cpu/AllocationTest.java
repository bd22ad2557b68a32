package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Cases;
import java.lang.management.ManagementFactory;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run into tensors of the caller makes no object, compiled or not. */
class AllocationTest {
  private static final Device CPU = new CpuBackend().devices().get(0);
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Java itself makes a few objects on the way, such as where code is linked. */
  private static final int RUNS = 20;

  /** In plain Java, since the Vector API makes objects until HotSpot has compiled it. */
  @ParameterizedTest
  @MethodSource("dev.lethe.backend.Cases#all")
  void runMakesNoObjects(Cases.Case c) {
    try (Session session =
        new CpuSession(c.graph(), CPU, "", CpuKernels.plain(), 1, Precision.FP32)) {
      Map<String, Tensor> outputs = session.run(c.inputs());
      long least = Long.MAX_VALUE;
      for (int k = 0; k < RUNS; k++) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        session.run(c.inputs(), outputs);
        least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
      }
      assertEquals(0, least, "bytes");
    }
  }
}
