package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.cli.Main;
import dev.lethe.network.LstmShape;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code lethe tune} on a real device, and what sessions make of it. */
class TuneTest {
  private static final LstmShape SHAPE = LstmShape.parse("4x5x3x6x1x2");

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private Discovery.Found found;

  @BeforeEach
  void findADevice() {
    found = OptionsTest.devices().get(0);
  }

  private int lethe(String... args) {
    CommandLine line = Main.commandLine(args);
    line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(err, true));
    return line.execute(args);
  }

  @Test
  void whatIsFoundIsKeptAndTakenAndChangesNoBit() throws Exception {
    Path shapes = Files.writeString(folder.resolve("shapes.txt"), SHAPE + "\n");
    Path file = folder.resolve("tuning.json");
    String id = found.device().id();
    int code = lethe("tune", "--shapes", shapes.toString(), "-d", id, "--file", file.toString());
    assertEquals(0, code, err::toString);
    assertTrue(out.toString().contains("kept for 1 of 1 layers in " + file), out::toString);
    assertEquals("", err.toString());

    TunedLayers tuned = new TuningFile(file).load(found.facts());
    assertEquals(new LayerSizes(4, 5, 3, 6, 2), tuned.entries().get(0).sizes());
    OpenClPlan plan = OpenClPlan.of(found.facts());
    try (OpenClSession plain = open(plan);
        OpenClSession session = open(plan.withTuned(tuned))) {
      assertArrayEquals(run(plain), run(session));
      assertFalse(plain.kernels().get(0).endsWith(", tuned"), plain.kernels().get(0));
      assertTrue(session.kernels().get(0).endsWith(", tuned"), session.kernels().get(0));
    }
    assertTrue(doctor(file).contains("tuned for 1 layer"));
    Files.writeString(file, "{\"lethe_tuning\"");
    assertFalse(doctor(file).contains("tuned for"));
  }

  private OpenClSession open(OpenClPlan plan) {
    return OpenClSession.open(SHAPE.network(), found, plan, ProgramCache.inUserFolder(), "");
  }

  private static float[] run(OpenClSession session) {
    return session.run(Map.of("x", SHAPE.input())).get("y").toFloatArray();
  }

  /** In a process of its own, since only there the environment names the file. */
  private static String doctor(Path file) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "doctor",
            "--json");
    builder.environment().put(TuningFile.VARIABLE, file.toString());
    Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    return said;
  }

  /** A reference that is wrong makes every choice look wrong. */
  @Test
  void whatDiffersFromTheReferenceIsNotKept() {
    Tuning tuning =
        new Tuning(
            found.device().id(),
            Precision.FP32,
            (graph, inputs) -> {
              Tensor x = inputs.get("x");
              return Map.of("y", new double[x.dimension(0) * x.dimension(1) * 12]);
            });
    Tuning.Found result = tuning.tune(SHAPE, () -> {});
    assertTrue(result.kernel().isEmpty());
    assertEquals(result.tried(), result.faults().size());
    assertTrue(result.faults().get(0).contains("wrong, element "), result.faults().get(0));
    assertEquals(0, tuning.keep(folder.resolve("tuning.json")));
  }

  @Test
  void whatCannotBeTunedIsRefusedInOneLine() throws IOException {
    assertEquals(2, lethe("tune", "-d", "cpu"));
    assertTrue(err.toString().contains("device cpu has nothing to tune"), err::toString);
    Path other = Files.writeString(folder.resolve("other.json"), "mine");
    assertEquals(2, lethe("tune", "-d", found.device().id(), "--file", other.toString()));
    assertTrue(err.toString().contains("holds no tuned values"), err::toString);
    assertEquals(2, lethe("tune", "--batch", "3"));
    assertEquals(3, err.toString().lines().count(), err::toString);
  }

  @Test
  void someSequencesOfABatchAreChecked() {
    assertArrayEquals(new int[] {0}, Tuning.sequences(1, 8));
    assertArrayEquals(new int[] {0, 1, 2}, Tuning.sequences(3, 8));
    assertArrayEquals(new int[] {0, 99}, Tuning.sequences(100, 2));
    assertArrayEquals(new int[] {0, 33, 66, 99}, Tuning.sequences(100, 4));
  }
}
