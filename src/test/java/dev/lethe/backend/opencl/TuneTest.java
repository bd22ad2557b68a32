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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** {@code lethe tune} on a real device, and what sessions make of it. */
class TuneTest {
  private static final LstmShape SHAPE = LstmShape.parse("4x5x3x6x1x2");
  private static final LstmShape STACKED = LstmShape.parse("6x5x3x7x2x1");

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

  /** The file with what was found. */
  private Path tune(LstmShape shape) throws IOException {
    Path shapes = Files.writeString(folder.resolve("shapes.txt"), shape + "\n");
    Path file = folder.resolve("tuning.json");
    String id = found.device().id();
    int code = lethe("tune", "--shapes", shapes.toString(), "-d", id, "--file", file.toString());
    assertEquals(0, code, err::toString);
    return file;
  }

  @Test
  void whatIsFoundIsKeptAndTakenAndChangesNoBit() throws Exception {
    Path file = tune(SHAPE);
    assertTrue(out.toString().contains("kept for 1 of 1 layers in " + file), out::toString);
    assertEquals("", err.toString());

    TunedLayers tuned = new TuningFile(file).load(found.facts());
    assertEquals(new LayerSizes(4, 5, 3, 6, 2), tuned.entries().get(0).sizes());
    OpenClPlan plan = OpenClPlan.of(found.facts());
    try (OpenClSession plain = open(SHAPE, plan);
        OpenClSession session = open(SHAPE, plan.withTuned(tuned))) {
      assertArrayEquals(run(SHAPE, plain), run(SHAPE, session));
      assertFalse(plain.kernels().get(0).endsWith(", tuned"), plain.kernels().get(0));
      assertTrue(session.kernels().get(0).endsWith(", tuned"), session.kernels().get(0));
    }
    assertTrue(doctor(file).contains("tuned for 1 layer"));
    Files.writeString(file, "{\"lethe_tuning\"");
    assertFalse(doctor(file).contains("tuned for"));
  }

  @Test
  void stackedLayersAreTriedTogether() throws Exception {
    Path file = tune(STACKED);
    assertEquals("", err.toString());
    String kept = "kept for 3 of 3 layers and pairs of layers in " + file;
    assertTrue(out.toString().contains(kept), out::toString);
    TunedLayers.Pair pair = new TuningFile(file).load(found.facts()).pairs().get(0);
    assertEquals(new LayerSizes(6, 5, 3, 7, 1), pair.sizes());

    OpenClPlan plan = OpenClPlan.of(found.facts());
    LayerSizes lower = pair.sizes();
    Wavefront wavefront = Wavefront.candidates(plan, lower, lower.above()).get(0);
    assertEquals(4, wavefront.lag());
    TunedLayers tuned =
        TunedLayers.NONE.with(
            TunedLayers.Pair.of(lower, Precision.FP32, Optional.of(wavefront), 1));
    try (OpenClSession plain = open(STACKED, plan);
        OpenClSession session = open(STACKED, plan.withTuned(tuned))) {
      assertArrayEquals(run(STACKED, plain), run(STACKED, session));
      String kernel = session.kernels().get(0);
      assertTrue(kernel.endsWith(", wavefront of 4 steps, tuned"), kernel);
    }
  }

  private OpenClSession open(LstmShape shape, OpenClPlan plan) {
    return OpenClSession.open(shape.network(), found, plan, ProgramCache.inUserFolder(), "");
  }

  private static float[] run(LstmShape shape, OpenClSession session) {
    return session.run(Map.of("x", shape.input())).get("y").toFloatArray();
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
    for (LstmShape shape : List.of(SHAPE, STACKED)) {
      Tuning.Reference wrong =
          (graph, inputs) -> {
            Tensor x = inputs.get("x");
            return Map.of("y", new double[x.dimension(0) * x.dimension(1) * shape.outputSize()]);
          };
      Tuning tuning = new Tuning(found.device().id(), Precision.FP32, wrong);
      Tuning.Found result = tuning.tune(shape, () -> {});
      assertTrue(result.kernel().isEmpty());
      assertEquals(result.tried(), result.faults().size());
      assertTrue(result.faults().get(0).contains("wrong, element "), result.faults().get(0));
      assertEquals(0, tuning.keep(folder.resolve("tuning.json")));
    }
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
