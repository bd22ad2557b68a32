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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
  @ParameterizedTest
  @ValueSource(ints = {Sigaction.SIGTRAP, Sigaction.SIGQUIT})
  void whileADriverWorks(int signal) throws InterruptedException {
    Sigaction sigaction = Sigaction.ofThisSystem();
    assumeTrue(sigaction != null, "no sigaction");
    // those of them that this virtual machine can do without for a moment
    byte[] ours = sigaction.get(signal);
    byte[] other = ours.clone();
    ByteBuffer.wrap(other).order(ByteOrder.nativeOrder()).putLong(0, SIG_IGN);
    SignalHandlers outer = SignalHandlers.keep();
    SignalHandlers inner = SignalHandlers.keep();
    sigaction.set(signal, other);
    awaitHandler(sigaction, signal, ours);
    inner.close();
    inner.close();
    sigaction.set(signal, other);
    awaitHandler(sigaction, signal, ours);
    outer.close();

    sigaction.set(signal, other);
    SignalHandlers.keep().close();
    assertTrue(sigaction.has(signal, other), "what was there before");
    sigaction.set(signal, ours);
  }

  private static void awaitHandler(Sigaction sigaction, int signal, byte[] expected)
      throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!sigaction.has(signal, expected)) {
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
