package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Map;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The handler of SIGSEGV is the virtual machine's own whenever a driver may have replaced it. */
class SignalHandlersTest {
  @BeforeEach
  void reportTellsHandlers() throws JMException {
    assumeTrue(!Discovery.run().found().isEmpty(), "no OpenCL device");
    assumeTrue(segmentationFault().contains("SIGSEGV"), "this virtual machine does not tell");
  }

  @Test
  void afterDiscovery() throws JMException {
    Discovery.run();
    assertOurs("discovery");
  }

  @Test
  void afterOpeningAndAfterEverySize() throws JMException {
    // sizes that no other test has, so that nothing is compiled yet
    try (Session session =
        OpenClSessionTest.graph(3).open(Options.defaults().withDevice("opencl"))) {
      assertOurs("opening");
      for (int batch : new int[] {1, 23, 41}) {
        session.run(Map.of("x", Tensor.of(new float[batch * 5 * 3], batch, 5, 3)));
        assertOurs("batch " + batch);
      }
    }
  }

  @Test
  void howeverOften() throws JMException {
    // as often as the virtual machine's compilers need to take notice
    for (int k = 0; k < 20_000; k++) {
      SignalHandlers.restore();
    }
    try (Session session =
        OpenClSessionTest.graph(3).open(Options.defaults().withDevice("opencl"))) {
      session.run(Map.of("x", Tensor.of(new float[59 * 5 * 3], 59, 5, 3)));
      assertOurs("20,000 times");
    }
  }

  private static void assertOurs(String after) throws JMException {
    String handler = segmentationFault();
    assertTrue(handler.contains("libjvm") && !handler.contains("libLLVM"), after + ": " + handler);
  }

  /** The line of the virtual machine's report that names the handler. */
  private static String segmentationFault() throws JMException {
    Object report =
        ManagementFactory.getPlatformMBeanServer()
            .invoke(
                new ObjectName("com.sun.management:type=DiagnosticCommand"), "vmInfo", null, null);
    return report
        .toString()
        .lines()
        .filter(line -> line.strip().startsWith("SIGSEGV:"))
        .findFirst()
        .orElse("");
  }
}
