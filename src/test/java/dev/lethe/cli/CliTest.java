package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import dev.lethe.InputException;
import dev.lethe.Lethe;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import dev.lethe.io.Npz;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class CliTest {
  private static final int SEQUENCES = 5;
  private static final int STEPS = 4;

  @TempDir Path folder;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private String model = "";
  private String x = "";

  @BeforeEach
  void writeModelAndInput() {
    model = TinyModel.write(folder.resolve("model.safetensors")).toString();
    Tensor tensor = TinyModel.input(SEQUENCES, STEPS);
    Npy.write(folder.resolve("x.npy"), tensor);
    x = path("x.npy");
  }

  @Test
  void runWritesOutputsByOrderAndByName() {
    assertEquals(0, lethe("run", model, "-i", x, "-o", path("y.npy"), "-o", path("h.npy")));
    assertArrayEquals(
        new int[] {SEQUENCES, STEPS, TinyModel.HIDDEN}, Npy.read(folder.resolve("y.npy")).shape());
    assertEquals(0, lethe("run", model, "-i", "X=" + x, "-o", "Y_h=" + path("h2.npy")));
    assertArrayEquals(
        Npy.read(folder.resolve("h.npy")).toFloatArray(),
        Npy.read(folder.resolve("h2.npy")).toFloatArray());
    assertEquals("", out.toString());
    assertTrue(err.toString().startsWith("lethe: running on "), err.toString());
  }

  @Test
  void runReadsAndWritesArchives() {
    Npz.write(folder.resolve("in.npz"), Map.of("X", Npy.read(folder.resolve("x.npy"))));
    assertEquals(0, lethe("run", model, "-i", path("in.npz"), "-o", path("out.npz")));
    assertEquals(
        List.of("Y", "Y_h", "Y_c"), List.copyOf(Npz.read(folder.resolve("out.npz")).keySet()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 9})
  void piecesGiveTheSameBitsAsTheWhole(int batchSize) {
    Npy.write(folder.resolve("n.npy"), Tensor.of(new int[] {4, 1, 0, 3, 2}, SEQUENCES));
    String[] whole = {"run", model, "-i", x, "--lengths", path("n.npy"), "-o", path("a.npz")};
    String[] pieces = {
      "run",
      model,
      "-i",
      x,
      "--lengths",
      path("n.npy"),
      "-o",
      path("b.npz"),
      "--batch-size",
      "" + batchSize
    };
    assertEquals(0, lethe(whole), err.toString());
    assertEquals(0, lethe(pieces), err.toString());
    Map<String, Tensor> a = Npz.read(folder.resolve("a.npz"));
    Map<String, Tensor> b = Npz.read(folder.resolve("b.npz"));
    for (String name : List.of("Y", "Y_h", "Y_c")) {
      assertArrayEquals(a.get(name).shape(), b.get(name).shape());
      assertArrayEquals(a.get(name).toFloatArray(), b.get(name).toFloatArray(), name);
    }
    assertTrue(a.get("Y").floats().get(0) != 0);
  }

  @Test
  void badInputIsOneLineAndNothingIsWritten() {
    Npy.write(folder.resolve("wide.npy"), Tensor.of(new float[6], 1, 2, 3));
    Npy.write(folder.resolve("ints.npy"), Tensor.of(new int[2], 1, 2, 1));
    Npz.write(
        folder.resolve("two.npz"),
        Map.of("a", Tensor.of(new float[] {1}, 1), "b", Tensor.of(new float[] {2}, 1)));
    String y = path("y.npy");
    assertFails("no such file", "run", path("none.onnx"), "-i", x, "-o", y);
    assertFails("is a folder; give the path of a model", "run", path(""), "-i", x, "-o", y);
    assertFails("no such file", "run", model, "-i", path("none.npy"), "-o", y);
    assertFails("expected FLOAT32 [batch, time, 2]", "run", model, "-i", path("wide.npy"), "-o", y);
    assertFails("expected FLOAT32", "run", model, "-i", path("ints.npy"), "-o", y);
    assertFails("there is no folder", "run", model, "-i", x, "-o", path("no/y.npy"));
    assertFails("no such device", "run", model, "-i", x, "-o", y, "-d", "quantum");
    assertFails("no such device", "compare", model, "-d", "c");
    assertFails("needs an OpenCL device", "compare", model, "-d", "cpu", "-p", "tf32");
    assertFails("needs another device", "compare", model, "-d", "cpu:scalar", "-p", "bf16");
    assertFails("no such precision", "run", model, "-i", x, "-o", y, "-p", "fp8");
    assertFails(
        "needs an OpenCL device", "run", model, "-i", x, "-o", y, "-d", "cpu", "-p", "tf32");
    assertFails("no input 'Z'", "run", model, "-i", "Z=" + x, "-i", x, "-o", y);
    assertFails("no output 'Z'", "run", model, "-i", x, "-o", "Z=" + y);
    assertFails("holds [", "run", model, "-i", "X=" + path("two.npz"), "-o", y);
    assertFails("every required input", "run", model, "-i", x, "-i", x, "-o", y);
    assertFails("given twice", "run", model, "-i", x, "-o", y, "-o", "Y_h=" + y);
    assertFails("at least 1", "run", model, "-i", x, "-o", y, "--batch-size", "0");
    assertFails("end in .npy, .npz or .csv", "run", model, "-i", x, "-o", path("y.txt"));
    assertFails("threads must be", "run", model, "-i", x, "-o", y, "--threads", "-1");
    assertFalse(Files.exists(folder.resolve("y.npy")));
  }

  @Test
  void badUsageIsOneLine() {
    assertFails("no command");
    assertFails("no command 'fly'", "fly");
    assertFails("Missing required", "run");
    assertFails("'--fly' is not known", "info", model, "--fly");
    assertFails("'y.onnx' is one word too many; one MODEL is expected", "info", model, "y.onnx");
    assertFails(
        "'y.onnx' is one word too many; one MODEL is expected",
        "run",
        model,
        "y.onnx",
        "-i",
        x,
        "-o",
        path("y.npy"));
    assertFails("'all' is one word too many; lethe doctor takes options alone", "doctor", "all");
    assertFails("no command 'fly'; there are [run, info, ", "help", "fly");
    assertFails("--batch-size", "run", model, "-i", x, "-o", x, "--batch-size", "many");
  }

  @Test
  void helpIsThatOfTheCommand() {
    for (String command : List.of("run", "info", "verify", "help")) {
      assertEquals(0, lethe(command, "--help"));
      String help = out.toString();
      assertTrue(help.contains("Usage: lethe " + command), help);
      assertEquals(0, lethe("help", command));
      assertEquals(help, out.toString());
    }
    assertEquals(0, lethe("--help"));
    String help = out.toString();
    assertEquals(0, lethe("help"));
    assertEquals(help, out.toString());
  }

  /** The importers' own words name each ending, those of the option's help too, and no more. */
  @Test
  void helpNamesEveryKindOfModel() {
    InputException missing =
        assertThrows(InputException.class, () -> Lethe.load(folder.resolve("none.onnx"), Map.of()));
    String said = missing.getMessage();
    assertEquals(endings(Model.FILE), endings(said.substring(said.indexOf(';'))), said);
    for (String command : List.of("run", "info", "compare", "trace", "bench", "tune")) {
      assertEquals(0, lethe(command, "--help"));
      assertTrue(out.toString().contains(Model.FILE), out.toString());
    }
  }

  private static Set<String> endings(String text) {
    return Pattern.compile("\\.[a-z][a-z0-9]+")
        .matcher(text)
        .results()
        .map(MatchResult::group)
        .collect(Collectors.toSet());
  }

  @Test
  void debugShowsWhereAFailureComesFrom() {
    assertEquals(2, lethe("run", "--debug", path("none.onnx"), "-i", x, "-o", path("y.npy")));
    assertTrue(err.toString().contains("\tat dev.lethe."), err.toString());
  }

  @Test
  void helpAndVersionGoToStdout() {
    for (String command : List.of("run", "info", "doctor", "verify", "compare", "trace", "bench")) {
      assertEquals(0, lethe(command, "--help"));
      assertTrue(
          out.toString().contains("Examples:") && out.toString().contains("Exit codes:"), command);
      assertTrue(out.toString().lines().allMatch(line -> line.length() <= 100), command);
    }
    assertEquals(0, lethe("--version"));
    assertTrue(out.toString().startsWith("lethe "), out.toString());
    assertEquals("", err.toString());
  }

  @Test
  void infoTellsShapesAndCounts() throws IOException {
    assertEquals(0, lethe("info", model));
    assertTrue(out.toString().contains("[batch, time, 2]"), out.toString());
    assertEquals(0, lethe("info", model, "--json"));
    String json = out.toString();
    assertWholeJson(json);
    assertTrue(json.contains("\"parameters\" : " + TinyModel.PARAMETERS), json);
  }

  @Test
  void doctorTriesEveryDevice() throws IOException {
    assertEquals(0, lethe("doctor"));
    assertTrue(
        out.toString().lines().anyMatch(line -> line.matches("cpu:scalar .*works .*")),
        out.toString());
    assertEquals(0, lethe("doctor", "--json"));
    assertWholeJson(out.toString());
    assertTrue(out.toString().contains("\"works\" : true"), out.toString());
  }

  @Test
  void compareHoldsDevicesAgainstTheReference() {
    assertEquals(0, lethe("compare", model, "-d", "cpu:scalar"));
    assertTrue(
        out.toString().lines().anyMatch(l -> l.matches("cpu:scalar +fp32 .* the reference")),
        out.toString());
    assertTrue(
        out.toString().lines().anyMatch(l -> l.matches("cpu:scalar +int8 .* same")),
        out.toString());
    String last = out.toString().lines().reduce("", (a, b) -> b);
    assertTrue(
        last.matches("same answers: the largest difference is .* % of what int8 allows .*"), last);
    assertEquals(0, lethe("compare", model, "-d", "cpu:scalar", "-p", "fp32"));
    last = out.toString().lines().reduce("", (a, b) -> b);
    assertTrue(
        last.matches("same answers: the largest difference is .* % of what fp32 allows .*"), last);
  }

  @Test
  void compareRefusesWhatIsNotFinite() {
    Tensor bad = TinyModel.input(SEQUENCES, STEPS);
    bad.floats().put(7, Float.NaN).put(9, Float.POSITIVE_INFINITY);
    Npy.write(folder.resolve("bad.npy"), bad);
    assertFails(
        "input 'X', element 7: NaN; compare needs finite numbers",
        "compare",
        model,
        "-i",
        path("bad.npy"),
        "-d",
        "cpu:scalar");
    bad.floats().put(7, 0f);
    Npy.write(folder.resolve("bad.npy"), bad);
    assertFails(
        "input 'X', element 9: Infinity;", "compare", model, "-i", path("bad.npy"), "-d", "cpu");
  }

  @Test
  void compareNamesItsColumnsApart() {
    assertEquals(0, lethe("compare", model, "-d", "cpu:scalar", "-p", "fp32"));
    List<String> columns = List.of(out.toString().lines().toList().get(0).split("  +"));
    assertEquals(columns.size(), Set.copyOf(columns).size(), columns::toString);
  }

  @Test
  void helpSaysThatAModelOrShapesAreGiven() {
    for (String command : List.of("bench", "tune")) {
      assertEquals(0, lethe(command, "--help"));
      String usage = "Usage: lethe " + command + " [OPTION]... [--shapes=FILE | MODEL]";
      assertEquals(usage, out.toString().lines().toList().get(1));
    }
  }

  @Test
  void loadingAFolderSaysThatItIsOne() {
    InputException e = assertThrows(InputException.class, () -> Lethe.load(folder, Map.of()));
    assertTrue(e.getMessage().contains("is a folder; give the path of a model"), e.getMessage());
  }

  @Test
  void benchTimesShapesOnEveryDevice() throws IOException {
    Files.writeString(folder.resolve("shapes.txt"), "2x1x2x3 # tiny\n2x4x2x3\n");
    assertEquals(0, lethe("bench", "--shapes", path("shapes.txt"), "--seconds", "6"));
    List<String> lines = out.toString().lines().toList();
    assertTrue(lines.get(0).startsWith("cpu ") || lines.get(1).startsWith("cpu "), lines.get(0));
    assertTrue(lines.contains("2xBx2x3"), out.toString());
    assertTrue(lines.stream().anyMatch(l -> l.matches(" +1 +cpu +[0-9].*")), out.toString());
    assertTrue(lines.stream().anyMatch(l -> l.matches(" +4 +cpu +[0-9].*")), out.toString());
    assertTrue(
        lines.get(lines.size() - 1).matches("cpu: at most .*|cpu is the fastest .*|opencl:.*"),
        out.toString());
  }

  @Test
  void benchTimesAModelAsJson() throws IOException {
    String[] args = {
      "bench", model, "-d", "cpu:scalar", "--steps", "3", "--seconds", "1", "--json"
    };
    assertEquals(0, lethe(args), err.toString());
    assertWholeJson(out.toString());
    assertTrue(out.toString().contains("\"device\" : \"cpu:scalar\""), out.toString());
    assertTrue(out.toString().contains(", 3 steps\""), out.toString());
  }

  @Test
  void benchRefusesWhatItCannotTime() throws IOException {
    Files.writeString(folder.resolve("shapes.txt"), "2x1x2x3\n2x1x2\n");
    assertFails("no such file", "bench", path("none.onnx"));
    assertFails("no such file", "bench", "--shapes", path("none.txt"));
    assertFails("is a folder; give a list", "bench", "--shapes", path(""));
    assertFails("shapes.txt, line 2: shape must be", "bench", "--shapes", path("shapes.txt"));
    assertFails("give one of them", "bench", model, "--shapes", path("shapes.txt"));
    assertFails("--steps: belongs to a MODEL", "bench", "--steps", "3");
    assertFails("--steps 0: must be at least 1", "bench", model, "--steps", "0");
    assertFails("--seconds", "bench", model, "--seconds", "0");
    assertFails("--seconds", "bench", model, "--seconds", "NaN");
    assertFails("no such device", "bench", model, "-d", "quantum");
    assertFails("nothing was measured", "bench", model, "-d", "cpu", "--seconds", "1e-9");
  }

  @Test
  void traceWritesTheGatesOfOneSequence() throws IOException {
    Npy.write(folder.resolve("n.npy"), Tensor.of(new int[] {4, 1, 0, 3, 2}, SEQUENCES));
    String[] args = {
      "trace",
      model,
      "-i",
      x,
      "--lengths",
      path("n.npy"),
      "--sequence",
      "3",
      "-o",
      path("t.npz"),
      "--plot",
      path("t.png")
    };
    assertEquals(0, lethe(args), err.toString());
    assertEquals("", out.toString());
    Map<String, Tensor> arrays = Npz.read(folder.resolve("t.npz"));
    for (String gate : List.of("i", "f", "g", "o", "c", "h")) {
      assertArrayEquals(
          new int[] {3, TinyModel.HIDDEN}, arrays.get("l0.forward." + gate).shape(), gate);
    }
    for (int e = 0; e < 3 * TinyModel.HIDDEN; e++) {
      float before = e < TinyModel.HIDDEN ? 0 : at(arrays, "c", e - TinyModel.HIDDEN);
      float now = Math.fma(at(arrays, "f", e), before, at(arrays, "i", e) * at(arrays, "g", e));
      assertEquals(now, at(arrays, "c", e), 1e-6f);
      assertEquals(at(arrays, "o", e) * Math.tanh(now), at(arrays, "h", e), 1e-6);
      assertEquals(at(arrays, "h", e), arrays.get("output.Y").floats().get(e));
    }
    assertArrayEquals(
        new int[] {STEPS, TinyModel.FEATURES}, arrays.get("input.X").shape(), arrays.toString());
    assertEquals(
        TinyModel.input(SEQUENCES, STEPS).floats().get(3 * STEPS * TinyModel.FEATURES),
        arrays.get("input.X").floats().get(0));
    BufferedImage picture = ImageIO.read(folder.resolve("t.png").toFile());
    assertTrue(picture.getWidth() > 800 && picture.getHeight() > 800, picture.toString());
  }

  @Test
  void traceRefusesWhatItCannotShow() throws IOException {
    Npy.write(folder.resolve("n.npy"), Tensor.of(new int[] {4, 1, 0, 3, 2}, SEQUENCES));
    String png = path("t.png");
    assertFails("nothing to write", "trace", model, "-i", x);
    assertFails("sequences 0 to 4", "trace", model, "-i", x, "--sequence", "5", "--plot", png);
    assertFails("sequences 0 to 4", "trace", model, "-i", x, "--sequence", "-1", "--plot", png);
    assertFails("end in .png", "trace", model, "-i", x, "--plot", path("t.gif"));
    assertFails("end in .npz", "trace", model, "-i", x, "-o", path("t.npy"));
    assertFails("no folder", "trace", model, "-i", x, "-o", path("none/t.npz"));
    assertFails(
        "no steps",
        "trace",
        model,
        "-i",
        x,
        "--lengths",
        path("n.npy"),
        "--sequence",
        "2",
        "--plot",
        png);
    Npy.write(folder.resolve("few.npy"), Tensor.of(new int[] {4, 1}, 2));
    assertFails(
        "no sequence 2",
        "trace",
        model,
        "-i",
        x,
        "--lengths",
        path("few.npy"),
        "--sequence",
        "2",
        "--plot",
        png);
    assertFails("no input 'Z'", "trace", model, "-i", x, "-i", "Z=" + x, "--plot", png);
    assertFalse(Files.exists(folder.resolve("t.png")));
  }

  private static float at(Map<String, Tensor> arrays, String gate, int element) {
    return arrays.get("l0.forward." + gate).floats().get(element);
  }

  @Test
  void verifyCountsAndNamesTheElement() throws IOException {
    assertEquals(0, lethe("run", model, "-i", x, "-o", path("y.npy"), "-d", "cpu:scalar"));
    recordCase("good", Npy.read(folder.resolve("y.npy")));
    assertEquals(0, lethe("verify", path("cases")), out.toString());
    assertEquals("1 passed, 0 failed\n", out.toString());
    Tensor wrong =
        Tensor.of(
            Npy.read(folder.resolve("y.npy")).toFloatArray(), SEQUENCES, STEPS, TinyModel.HIDDEN);
    wrong.floats().put(TinyModel.HIDDEN + 1, Float.NaN);
    recordCase("wrong", wrong);
    assertEquals(1, lethe("verify", path("cases")));
    List<String> lines = out.toString().lines().toList();
    assertEquals(2, lines.size());
    assertTrue(
        lines.get(0).startsWith("FAILED wrong: output Y: element [0, 1, 1] expected NaN"),
        lines.get(0));
    assertEquals("1 passed, 1 failed", lines.get(1));
  }

  @Test
  void verifyHoldsAPrecisionToItsOwnBound() throws IOException {
    assertEquals(0, lethe("run", model, "-i", x, "-o", path("y.npy"), "-d", "cpu:scalar"));
    recordCase("good", Npy.read(folder.resolve("y.npy")), 1e-6);
    for (String precision : List.of("fp32", "bf16", "fp16", "int8")) {
      assertEquals(0, lethe("verify", path("cases"), "-d", "cpu", "-p", precision), out.toString());
    }
    Tensor wrong =
        Tensor.of(
            Npy.read(folder.resolve("y.npy")).toFloatArray(), SEQUENCES, STEPS, TinyModel.HIDDEN);
    FloatBuffer values = wrong.floats();
    values.put(0, values.get(0) + 1e-4f);
    recordCase("off", wrong, 1e-6);
    assertEquals(1, lethe("verify", path("cases/off"), "-d", "cpu"));
    assertTrue(out.toString().matches("(?s).*, allowed [0-9.]+E-6\\).*"), out.toString());
    assertEquals(0, lethe("verify", path("cases/off"), "-d", "cpu", "-p", "bf16"), out.toString());
    values.put(0, values.get(0) + 2f);
    recordCase("wrong", wrong, 1e-6);
    for (String precision : List.of("bf16", "fp16", "int8")) {
      assertEquals(1, lethe("verify", path("cases/wrong"), "-d", "cpu", "-p", precision));
      assertTrue(out.toString().startsWith("FAILED wrong: output Y: element [0, 0, 0]"));
    }
  }

  @Test
  void verifyRefusesCasesThatItCannotRead() throws IOException {
    assertFails(
        "no case.json", "verify", Files.createDirectory(folder.resolve("empty")).toString());
    assertFails("no such folder", "verify", path("none"));
    assertFails("is a file; name the folder of the case", "verify", model);
    Path bad = Files.createDirectories(folder.resolve("cases/bad"));
    for (String json :
        List.of(
            "{\"model\": \"../model.safetensors\"}",
            "{\"expect\": \"maybe\"}",
            "{\"rtol\": -1}",
            "{\"kind\": \"stream\"}",
            "[",
            "")) {
      Files.writeString(bad.resolve("case.json"), json);
      assertEquals(1, lethe("verify", path("cases")), json);
      assertTrue(out.toString().startsWith("FAILED bad: "), out.toString());
      assertTrue(out.toString().endsWith("\n0 passed, 1 failed\n"), out.toString());
    }
  }

  private void recordCase(String name, Tensor y) throws IOException {
    recordCase(name, y, 1e-5);
  }

  private void recordCase(String name, Tensor y, double atol) throws IOException {
    Path data = Files.createDirectories(folder.resolve("cases/" + name + "/test_data_set_0"));
    Files.copy(Path.of(model), data.resolveSibling("model.safetensors"));
    Files.writeString(
        data.resolveSibling("case.json"),
        "{\"model\": \"model.safetensors\", \"expect\": \"match\", \"rtol\": 0, \"atol\": "
            + atol
            + "}");
    Npy.write(data.resolve("input_0.npy"), Npy.read(Path.of(x)));
    Npy.write(data.resolve("output_Y.npy"), y);
  }

  private static void assertWholeJson(String json) throws IOException {
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      parser.nextToken();
      parser.skipChildren();
      assertEquals(null, parser.nextToken());
    }
  }

  private void assertFails(String part, String... args) {
    assertEquals(2, lethe(args), err.toString());
    assertEquals("", out.toString());
    assertEquals(1, err.toString().lines().count(), err.toString());
    assertTrue(
        err.toString().startsWith("lethe: ") && err.toString().contains(part), err.toString());
    try (Stream<Path> files = Files.list(folder)) {
      assertTrue(files.noneMatch(file -> file.toString().endsWith(".tmp")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int lethe(String... args) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    CommandLine line = Main.commandLine(args);
    line.setOut(new PrintWriter(out, true));
    line.setErr(new PrintWriter(err, true));
    return line.execute(args);
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }
}
