package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import javax.management.ObjectName;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The handler of SIGSEGV is the virtual machine's own whenever a driver may have replaced it. */
class SignalHandlersTest {
  private static final long SIG_IGN = 1;

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

  /** A driver needs seconds to compile, and other threads fault meanwhile. */
  @Test
  void whileADriverWorks() throws InterruptedException {
    Sigaction sigaction = Sigaction.ofThisSystem();
    assumeTrue(sigaction != null, "no sigaction");
    // the one of them that this virtual machine does not use
    byte[] ours = sigaction.get(Sigaction.SIGTRAP);
    byte[] other = ours.clone();
    ByteBuffer.wrap(other).order(ByteOrder.nativeOrder()).putLong(0, SIG_IGN);
    SignalHandlers outer = SignalHandlers.keep();
    SignalHandlers inner = SignalHandlers.keep();
    sigaction.set(Sigaction.SIGTRAP, other);
    awaitHandler(sigaction, ours);
    inner.close();
    inner.close();
    sigaction.set(Sigaction.SIGTRAP, other);
    awaitHandler(sigaction, ours);
    outer.close();

    sigaction.set(Sigaction.SIGTRAP, other);
    SignalHandlers.keep().close();
    assertTrue(sigaction.has(Sigaction.SIGTRAP, other), "what was there before");
    sigaction.set(Sigaction.SIGTRAP, ours);
  }

  private static void awaitHandler(Sigaction sigaction, byte[] expected)
      throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!sigaction.has(Sigaction.SIGTRAP, expected)) {
      assertTrue(System.nanoTime() < end, "nobody has put the handler back");
      Thread.sleep(1);
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
