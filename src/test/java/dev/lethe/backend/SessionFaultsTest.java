package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions and streams that are closed while another thread uses them, and threads interrupted. */
class SessionFaultsTest {
  private static final Cases.Case CASE =
      Cases.all().stream().filter(c -> c.name().equals("T4 B7 I17 H16")).findFirst().orElseThrow();

  static java.util.stream.Stream<String> devices() {
    return java.util.stream.Stream.concat(
        java.util.stream.Stream.of("cpu:scalar"), Devices.usable().stream().map(Device::id));
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aSessionClosedWhileItRunsEndsItsRunFirst(String device) throws InterruptedException {
    Graph graph = CASE.graph();
    Session session = graph.open(new Options(device, 2));
    Map<String, Tensor> expected = session.run(CASE.inputs());
    assertEndsWhenClosed(() -> session.run(CASE.inputs()), expected, session::close);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void aStreamClosedWhileItStepsEndsItsStepFirst(String device) throws InterruptedException {
    Graph graph = CASE.graph();
    int[] ids = {6, 2, 1, 0, 3, 5, 4};
    Stream stream = graph.openStream(7, new Options(device, 2));
    Map<String, Tensor> expected = stream.step(ids, CASE.inputs());
    Supplier<Map<String, Tensor>> step =
        () -> {
          stream.reset(ids);
          return stream.step(ids, CASE.inputs());
        };
    assertEndsWhenClosed(step, expected, stream::close);
  }

  /** Runs over and over in another thread, and closes in this one when that is well under way. */
  private static void assertEndsWhenClosed(
      Supplier<Map<String, Tensor>> run, Map<String, Tensor> expected, Runnable close)
      throws InterruptedException {
    CountDownLatch underWay = new CountDownLatch(3);
    AtomicReference<Throwable> end = new AtomicReference<>();
    Thread runner =
        new Thread(
            () -> {
              try {
                while (true) {
                  assertSame(expected, run.get());
                  underWay.countDown();
                }
              } catch (IllegalStateException | AssertionError e) {
                end.set(e);
                underWay.countDown();
              }
            });
    runner.start();
    underWay.await();
    close.run();
    close.run();
    runner.join();
    Throwable thrown = end.get();
    assertInstanceOf(IllegalStateException.class, thrown, String.valueOf(thrown));
    assertTrue(thrown.getMessage().endsWith(" is closed"), thrown.getMessage());
  }

  /** Whoever interrupts a thread that computes sees it end its run, and the interrupt stays. */
  @ParameterizedTest
  @MethodSource("devices")
  void anInterruptedThreadOpensAndRunsToTheEnd(String device) {
    try {
      Thread.currentThread().interrupt();
      try (Session session = CASE.graph().open(new Options(device, 2))) {
        Map<String, Tensor> interrupted = session.run(CASE.inputs());
        assertTrue(Thread.interrupted());
        assertSame(session.run(CASE.inputs()), interrupted);
      }
    } finally {
      Thread.interrupted();
    }
  }

  private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> actual) {
    expected.forEach(
        (name, tensor) -> assertEquals(tensor.bytes(), actual.get(name).bytes(), name));
  }
}
