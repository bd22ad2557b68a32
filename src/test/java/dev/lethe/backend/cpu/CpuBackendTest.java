package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.backend.Cases;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a session on the CPU says about itself. */
class CpuBackendTest {
  private static final Options CPU = Options.defaults().withDevice("cpu");

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void namesTheThreadsThatItUses(int threads) {
    String words = threads + (threads == 1 ? " thread, " : " threads, ") + CpuKernels.label();
    try (Session session = open(CPU.withThreads(threads))) {
      assertTrue(session.choice().startsWith("running on cpu (" + words), session.choice());
      assertEquals(words, session.device().name());
    }
  }

  @Test
  void zeroThreadsAreOneForEachProcessor() {
    try (Session session = open(CPU)) {
      int processors = Runtime.getRuntime().availableProcessors();
      assertTrue(session.choice().contains("(" + processors + " thread"), session.choice());
    }
  }

  /** The one thread of the reference does not follow the option. */
  @Test
  void theReferenceKeepsItsName() {
    try (Session session = open(CPU.withDevice("cpu:scalar").withThreads(3))) {
      assertTrue(session.choice().contains("(double precision, 1 thread)"), session.choice());
    }
  }

  /** In a process of its own, since a module is added when Java starts. */
  @Test
  void plainJavaNamesTheOptionThatItLacks() throws IOException, InterruptedException {
    String option = "--add-modules jdk.incubator.vector";
    String without = JavaOfItsOwn.output(Program.class);
    assertTrue(without.contains("plain Java without " + option + ")"), without);
    String with = JavaOfItsOwn.output(Program.class, "--add-modules", "jdk.incubator.vector");
    assertTrue(with.startsWith("running on cpu ("), with);
    assertFalse(with.contains(option), with);
  }

  /** A program that prints where it runs. */
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) {
      try (Session session = open(CPU)) {
        System.out.println(session.choice());
      }
    }
  }

  private static Session open(Options options) {
    return Cases.all().get(0).graph().open(options);
  }
}
