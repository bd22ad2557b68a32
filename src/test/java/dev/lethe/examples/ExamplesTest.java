package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What the example programs share, in processes of their own, which it ends. */
final class ExamplesTest {
  @Test
  void aDeviceThatThereIsNotEndsAProgramInOneLine() throws IOException, InterruptedException {
    for (Class<?> program : new Class<?>[] {ClassifyDigits.class, TagLines.class}) {
      String device = "-Ddevice=gpu";
      String classPath =
          System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
      Process process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  device,
                  "-cp",
                  classPath,
                  program.getName())
              .redirectErrorStream(true)
              .start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(2, process.waitFor(), said);
      // Java itself may have warned of OpenCL's library
      String line = "device 'gpu': no such device; there are auto, ";
      assertEquals(1, said.lines().filter(each -> each.startsWith(line)).count(), said);
      assertTrue(said.lines().noneMatch(each -> each.startsWith("\tat ")), said);
    }
  }
}
