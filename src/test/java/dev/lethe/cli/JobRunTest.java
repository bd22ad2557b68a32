package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.io.CsvFile;
import dev.lethe.io.Npy;
import dev.lethe.io.Npz;
import dev.lethe.io.Pieces;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * {@code lethe run} in chunks: the same bits as at once, from every kind of file, after any end.
 */
class JobRunTest {
  private static final int SEQUENCES = 1000;
  private static final int STEPS = 4;

  /** So little that a chunk has a few sequences. */
  private static final String MEMORY = "20k";

  @TempDir Path folder;
  private final StringWriter err = new StringWriter();
  private Tensor x = Tensor.allocate(Tensor.Type.FLOAT32, 0);
  private String model = "";

  @BeforeEach
  void runAtOnce() {
    model = TinyModel.write(folder.resolve("model.safetensors")).toString();
    x = TinyModel.input(SEQUENCES, STEPS);
    Npy.write(folder.resolve("x.npy"), x);
    assertEquals(0, lethe("-i", path("x.npy"), "-o", path("whole.npz")), err.toString());
  }

  @Test
  void chunksGiveTheSameBits() throws IOException {
    for (String memory : List.of("1", MEMORY, "1m", "1g")) {
      Files.deleteIfExists(folder.resolve("y.npz"));
      assertRuns("-i", path("x.npy"), "-o", path("y.npz"), "--memory", memory);
      assertSame(folder.resolve("y.npz"));
    }
    assertEquals(List.of("model.safetensors", "whole.npz", "x.npy", "y.npz"), names());
  }

  @Test
  void eachOutputMayHaveItsOwnFile() throws IOException {
    assertRuns(
        "-i", path("x.npy"), "-o", path("y.npy"), "-o", "Y_h=" + path("h.npy"), "--memory", MEMORY);
    Map<String, Tensor> whole = Npz.read(folder.resolve("whole.npz"));
    assertBits(whole.get("Y"), Npy.read(folder.resolve("y.npy")));
    assertBits(whole.get("Y_h"), Npy.read(folder.resolve("h.npy")));
  }

  @Test
  void archivesAreUnpackedWhileTheyAreRead() throws IOException {
    Npz.write(folder.resolve("stored.npz"), Map.of("X", x));
    try (ZipOutputStream zip =
        new ZipOutputStream(Files.newOutputStream(folder.resolve("deflated.npz")))) {
      zip.putNextEntry(new ZipEntry("X.npy"));
      Files.copy(folder.resolve("x.npy"), zip);
    }
    for (String archive : List.of("stored.npz", "deflated.npz")) {
      assertRuns("-i", path(archive), "-o", path("y.npz"), "--memory", MEMORY);
      assertSame(folder.resolve("y.npz"));
    }
  }

  @Test
  void aFolderOfPartsIsOneInput() throws IOException {
    Path parts = Files.createDirectory(folder.resolve("parts"));
    int[] ends = {0, 1, 300, 300, 301, 999, SEQUENCES};
    for (int k = 1; k < ends.length; k++) {
      // part-10 comes after part-9
      Tensor part = Pieces.cut(x, 0, ends[k - 1], ends[k] - ends[k - 1]);
      Npy.write(parts.resolve("part-" + (5 + k) + ".npy"), part);
    }
    Files.writeString(parts.resolve("_SUCCESS"), "");
    assertRuns("-i", parts.toString(), "-o", path("y.npz"), "--memory", MEMORY);
    assertSame(folder.resolve("y.npz"));
    assertRuns("-i", parts.toString(), "-o", path("z.npz"));
    assertSame(folder.resolve("z.npz"));
    Npy.write(parts.resolve("part-99.npy"), Tensor.of(new float[3], 1, 1, 3));
    assertFails("does not fit", "-i", parts.toString(), "-o", path("y.npz"));
  }

  @Test
  void textHasASequenceOrAStepInEachRow() throws IOException {
    try (OutputStream out = Files.newOutputStream(folder.resolve("rows.csv"))) {
      CsvFile.write(out, ArraySource.of(x), 0);
    }
    Tensor steps = x.reshape(SEQUENCES * STEPS, TinyModel.FEATURES);
    try (OutputStream out = Files.newOutputStream(folder.resolve("steps.csv"))) {
      out.write("first,second\n".getBytes(StandardCharsets.UTF_8));
      CsvFile.write(out, ArraySource.of(steps), 0);
    }
    String shape = "@" + STEPS + "x" + TinyModel.FEATURES;
    for (String text : List.of("rows.csv", "steps.csv")) {
      assertRuns("-i", path(text) + shape, "-o", path("y.npz"), "--memory", MEMORY);
      assertSame(folder.resolve("y.npz"));
    }
    assertRuns("-i", path("x.npy"), "-o", "Y_h=" + path("h.csv"), "--memory", MEMORY);
    Tensor h = Npz.read(folder.resolve("whole.npz")).get("Y_h");
    List<String> lines = Files.readAllLines(folder.resolve("h.csv"));
    assertEquals(SEQUENCES, lines.size());
    String[] row = lines.get(7).split(",", -1);
    assertEquals(TinyModel.HIDDEN, row.length);
    assertEquals(h.floats().get(7 * TinyModel.HIDDEN + 2), Float.parseFloat(row[2]));
    assertFails("say the shape of one sequence", "-i", path("rows.csv"), "-o", path("y.npy"));
    assertFails("8 values; a sequence", "-i", path("rows.csv") + "@3x2", "-o", path("y.npy"));
  }

  @Test
  void lengthsGoInChunksToo() throws IOException {
    int[] lengths = new Random(5).ints(SEQUENCES, 0, STEPS + 1).toArray();
    Npy.write(folder.resolve("n.npy"), Tensor.of(lengths, SEQUENCES));
    String[] given = {"-i", path("x.npy"), "--lengths", path("n.npy"), "-o"};
    assertRuns(with(given, path("whole.npz")));
    assertRuns(with(given, path("y.npz"), "--memory", MEMORY));
    assertSame(folder.resolve("y.npz"));
    lengths[700] = STEPS + 1;
    Npy.write(folder.resolve("n.npy"), Tensor.of(lengths, SEQUENCES));
    Files.delete(folder.resolve("y.npz"));
    assertEquals(2, lethe(with(given, path("y.npz"), "--memory", MEMORY)));
    assertTrue(err.toString().contains("a length must be from 0 to 4"), err.toString());
    assertFalse(Files.exists(folder.resolve("y.npz")));
  }

  @Test
  void flatSequencesGiveTheBitsOfPaddedOnes() {
    int[] lengths = new Random(5).ints(SEQUENCES, 0, STEPS + 1).toArray();
    int[] offsets = new int[SEQUENCES + 1];
    for (int k = 0; k < SEQUENCES; k++) {
      offsets[k + 1] = offsets[k] + lengths[k];
    }
    Tensor flat = Tensor.allocate(Tensor.Type.FLOAT32, offsets[SEQUENCES], TinyModel.FEATURES);
    for (int k = 0; k < SEQUENCES; k++) {
      Tensor steps = Pieces.cut(x, 0, k, 1).reshape(STEPS, TinyModel.FEATURES);
      Pieces.copy(steps, 0, flat, offsets[k], 0, lengths[k]);
    }
    Npy.write(folder.resolve("flat.npy"), flat);
    Npy.write(folder.resolve("offsets.npy"), Tensor.of(offsets, SEQUENCES + 1));
    Npy.write(folder.resolve("n.npy"), Tensor.of(lengths, SEQUENCES));
    String[] given = {"-i", path("flat.npy"), "--offsets", path("offsets.npy"), "-o"};
    assertRuns("-i", path("x.npy"), "--lengths", path("n.npy"), "-o", path("whole.npz"));
    assertRuns(with(given, path("y.npz"), "--memory", MEMORY));
    Map<String, Tensor> padded = Npz.read(folder.resolve("whole.npz"));
    Map<String, Tensor> ragged = Npz.read(folder.resolve("y.npz"));
    assertBits(padded.get("Y_h"), ragged.get("Y_h"));
    for (int k = 0; k < SEQUENCES; k++) {
      Tensor all = Pieces.cut(padded.get("Y"), 0, k, 1).reshape(STEPS, TinyModel.HIDDEN);
      assertBits(
          Pieces.cut(all, 0, 0, lengths[k]),
          Pieces.cut(ragged.get("Y"), 0, offsets[k], lengths[k]));
    }
    assertRuns(with(given, path("z.npz")));
    assertBits(ragged.get("Y"), Npz.read(folder.resolve("z.npz")).get("Y"));
  }

  @Test
  void severalDevicesShareTheWork() throws IOException {
    String[] run = {"-i", path("x.npy"), "-o", path("y.npz"), "--memory", MEMORY, "-d"};
    String devices =
        Lethe.devices().stream()
            .filter(Device::usable)
            .map(Device::id)
            .collect(Collectors.joining(","));
    for (String named : List.of("all", devices)) {
      assertRuns(with(run, named));
      Map<String, Tensor> whole = Npz.read(folder.resolve("whole.npz"));
      Npz.read(folder.resolve("y.npz"))
          .forEach(
              (name, tensor) ->
                  assertArrayEquals(
                      whole.get(name).toFloatArray(), tensor.toFloatArray(), 1e-5f, named));
    }
    assertFails("names one twice", with(run, "cpu,cpu"));
    assertFails("'all' stands alone", with(run, "all,cpu"));
    assertFails("no such device", with(run, "cpu,quantum"));
  }

  @Test
  void badInputIsOneLineAndLeavesNothing() throws IOException {
    String[] y = {"-i", path("x.npy"), "-o", path("y.npy"), "--memory"};
    assertFails("--memory 0: must be a size", with(y, "0"));
    assertFails("--memory much: must be a size", with(y, "much"));
    assertFails("no input 'Z'", "-i", "Z=" + path("x.npy"), "-o", path("y.npy"), "--memory", "1m");
    Npy.write(folder.resolve("wide.npy"), Tensor.of(new float[6], 1, 2, 3));
    assertFails(
        "expected FLOAT32 [batch, time, 2], got FLOAT32 [1, 2, 3]",
        "-i",
        path("wide.npy"),
        "-o",
        path("y.npy"),
        "--memory",
        "1m");
    Npy.write(folder.resolve("n.npy"), Tensor.of(new int[3], 3));
    assertFails("another input makes batch", with(y, "1m", "--lengths", path("n.npy")));
    Path bytes = folder.resolve("short.npy");
    Files.write(bytes, Arrays.copyOf(Files.readAllBytes(folder.resolve("x.npy")), 900));
    assertFails("cut short", "-i", bytes.toString(), "-o", path("y.npy"), "--memory", "1m");
  }

  @Test
  void textThatDoesNotFitIsRefused() throws IOException {
    assertFailsOnText("semicolons.csv, line 1: 1 value; a sequence", "commas", "1;2;3;4;5;6;7;8");
    assertFailsOnText("tabs.csv, line 2: 1 value; a sequence", "commas", "a\tb", "1\t2");
    assertFailsOnText("words.csv, line 2: 1 value; a sequence", "8 in a row", "hello", "world");
    assertFailsOnText("header.csv: has no row of numbers", "at least one", "a,b");
    assertFailsOnText("empty.csv: has no row of numbers", "at least one");
  }

  private void assertFailsOnText(String fault, String remedy, String... lines) throws IOException {
    String name = fault.substring(0, fault.indexOf(".csv") + 4);
    Files.write(folder.resolve(name), List.of(lines));
    assertFails(fault, "-i", path(name) + "@4x2", "-o", path("y.npy"));
    assertTrue(err.toString().contains(remedy), err.toString());
  }

  @Test
  void textMayHaveWhatIsNoNumberAsNumPyWritesIt() throws IOException {
    Files.write(folder.resolve("x.csv"), List.of("nan,inf", "-inf,Infinity"));
    assertRuns("-i", path("x.csv") + "@1x2", "-o", path("y.npy"));
    assertEquals(2, Npy.read(folder.resolve("y.npy")).dimension(0));
  }

  @Test
  void nothingThatIsReadIsReplaced() throws IOException {
    String replaced = "would change ";
    for (String more : List.of("1", "1000")) {
      String[] size = {"--batch-size", more};
      assertFails(replaced + path("x.npy"), with(size, "-i", path("x.npy"), "-o", path("x.npy")));
    }
    Path link = Files.createSymbolicLink(folder.resolve("link.npy"), folder.resolve("x.npy"));
    assertFails(replaced + link, "-i", link.toString(), "-o", path("x.npy"));
    Files.writeString(folder.resolve("x.csv"), "1,2\n");
    assertFails(replaced + path("x.csv"), "-i", path("x.csv") + "@1x2", "-o", path("x.csv"));
    Path parts = Files.createDirectory(folder.resolve("parts"));
    Npy.write(parts.resolve("a.npy"), x);
    assertFails(replaced + parts, "-i", parts.toString(), "-o", parts.resolve("b.npy").toString());
    assertRuns("-i", parts.toString(), "-o", parts.resolve("b.npz").toString());
    Npy.write(folder.resolve("n.npy"), Tensor.of(new int[SEQUENCES], SEQUENCES));
    assertFails(
        replaced + path("n.npy"),
        "-i",
        path("x.npy"),
        "--lengths",
        path("n.npy"),
        "-o",
        path("n.npy"));
    Files.copy(Path.of(model), folder.resolve("model.csv"));
    String safetensors = model;
    model = path("model.csv");
    assertFails(replaced + model, "-i", path("x.npy"), "-o", model);
    model = safetensors;
    assertBits(x, Npy.read(folder.resolve("x.npy")));
  }

  @Test
  void aNameWithoutAFileIsRefused() throws IOException {
    assertFails("'X=' names no file", "-i", "X=", "-o", path("y.npy"));
    assertFails("'Y=' names no file", "-i", path("x.npy"), "-o", "Y=");
    assertFails("must end in .npy, .npz or .csv", "-i", path("x.npy"), "-o", path("y.txt"));
    assertFails("also takes a folder", "-i", path("x.txt"), "-o", path("y.npy"));
  }

  @Test
  void aRunAtOnceForgetsWhatAKilledOneLeft() throws Exception {
    Npy.write(folder.resolve("many.npy"), TinyModel.input(80_000, STEPS));
    Process process =
        start("-i", path("many.npy"), "-o", path("y.npy"), "--batch-size", "8", "-d", "cpu");
    while (process.isAlive() && doneLines() == 0) {
      Thread.onSpinWait();
    }
    assertEquals(2, lethe("-i", path("x.npy"), "-o", path("y.npy")), err.toString());
    assertTrue(err.toString().contains("another run is writing this output"), err.toString());
    process.destroyForcibly();
    assertTrue(process.waitFor() != 0, "it ended before it could be killed");
    assertTrue(names().contains(".y.npy.part"), names().toString());
    assertRuns("-i", path("x.npy"), "-o", path("y.npy"));
    assertTrue(names().stream().noneMatch(name -> name.startsWith(".")), names().toString());
    assertEquals(SEQUENCES, Npy.read(folder.resolve("y.npy")).dimension(0));
  }

  @Test
  void aDamagedArchiveGivesNoOutput() throws IOException {
    Npz.write(folder.resolve("x.npz"), Map.of("X", x));
    byte[] bytes = Files.readAllBytes(folder.resolve("x.npz"));
    bytes[bytes.length / 2] ^= 1;
    Files.write(folder.resolve("x.npz"), bytes);
    assertEquals(2, lethe("-i", path("x.npz"), "-o", path("y.npy"), "--memory", MEMORY));
    assertTrue(err.toString().contains("checksum"), err.toString());
    assertFalse(Files.exists(folder.resolve("y.npy")));
  }

  @Test
  void aKilledRunGoesOn() throws Exception {
    String[] run = {"-i", path("x.npy"), "-o", path("y.npz"), "--batch-size", "8", "-d", "cpu"};
    Tensor many = TinyModel.input(80_000, STEPS);
    Npy.write(folder.resolve("x.npy"), many);
    assertRuns("-i", path("x.npy"), "-o", path("whole.npz"), "-d", "cpu");
    Random random = new Random(6);
    int goneOn = 0;
    for (int kills = 0; kills < 3; kills++) {
      Process process = start(with(run, "--resume"));
      long lines = doneLines() + 1 + random.nextInt(3);
      while (process.isAlive() && doneLines() < lines) {
        Thread.onSpinWait();
      }
      process.destroyForcibly();
      if (process.waitFor() == 0) {
        break;
      }
      goneOn++;
      assertFalse(Files.exists(folder.resolve("y.npz")));
    }
    assertTrue(goneOn > 0, "it ended before it could be killed");
    assertRuns(with(run, "--resume"));
    assertTrue(err.toString().contains("sequences are done already"), err.toString());
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("whole.npz")),
        Files.readAllBytes(folder.resolve("y.npz")));
    assertEquals(List.of("model.safetensors", "whole.npz", "x.npy", "y.npz"), names());
  }

  @Test
  void anotherJobIsNotGoneOnWith() throws Exception {
    String[] run = {"-i", path("x.npy"), "-o", path("y.npy"), "--batch-size", "8", "-d", "cpu"};
    Npy.write(folder.resolve("x.npy"), TinyModel.input(80_000, STEPS));
    Process process = start(run);
    while (process.isAlive() && doneLines() == 0) {
      Thread.onSpinWait();
    }
    process.destroyForcibly();
    assertTrue(process.waitFor() != 0, "it ended before it could be killed");
    assertRefused("output", "-i", path("x.npy"), "-o", "Y_h=" + path("y.npy"), "-d", "cpu");
    assertRefused("device", "-i", path("x.npy"), "-o", path("y.npy"), "-d", "cpu:scalar");
    Files.setLastModifiedTime(folder.resolve("x.npy"), FileTime.fromMillis(1));
    assertRefused("input", "-i", path("x.npy"), "-o", path("y.npy"), "-d", "cpu");
    TinyModel.write(folder.resolve("model.npy"));
    assertRefused("model", "-i", path("x.npy"), "-o", path("y.npy"), "-d", "cpu");
    assertRuns(run);
    assertTrue(Files.exists(folder.resolve("y.npy")));
    assertFalse(Files.exists(journal("y.npy")));
  }

  private void assertRefused(String what, String... run) {
    assertEquals(2, lethe(with(run, "--resume")), err.toString());
    assertTrue(err.toString().contains("the job has changed: it has '" + what), err.toString());
  }

  private long doneLines() throws IOException {
    for (String name : List.of("y.npz", "y.npy")) {
      if (Files.exists(journal(name))) {
        return Files.readString(journal(name)).lines().filter(l -> l.startsWith("done ")).count();
      }
    }
    return 0;
  }

  private Path journal(String output) {
    return folder.resolve("." + output + ".journal");
  }

  private Process start(String... run) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.addAll(List.of(Main.class.getName(), "run", model));
    command.addAll(List.of(run));
    return new ProcessBuilder(command)
        .redirectOutput(folder.resolve("out").toFile())
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private void assertRuns(String... run) {
    assertEquals(0, lethe(run), err.toString());
  }

  private void assertFails(String part, String... run) throws IOException {
    assertEquals(2, lethe(run), err.toString());
    assertEquals(1, err.toString().lines().count(), err.toString());
    assertTrue(err.toString().contains(part), err.toString());
    assertTrue(names().stream().noneMatch(name -> name.startsWith(".")), names().toString());
  }

  private int lethe(String... run) {
    err.getBuffer().setLength(0);
    String[] args = Stream.concat(Stream.of("run", model), Stream.of(run)).toArray(String[]::new);
    CommandLine line = Main.commandLine(args);
    line.setErr(new PrintWriter(err, true));
    return line.execute(args);
  }

  private void assertSame(Path archive) {
    Map<String, Tensor> whole = Npz.read(folder.resolve("whole.npz"));
    Map<String, Tensor> same = Npz.read(archive);
    assertEquals(List.copyOf(whole.keySet()), List.copyOf(same.keySet()));
    whole.forEach((name, tensor) -> assertBits(tensor, same.get(name)));
  }

  private static void assertBits(Tensor expected, Tensor actual) {
    assertArrayEquals(expected.shape(), actual.shape());
    assertEquals(expected.bytes(), actual.bytes());
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.equals("out"))
          .sorted()
          .toList();
    }
  }

  private static String[] with(String[] some, String... more) {
    return Stream.concat(Stream.of(some), Stream.of(more)).toArray(String[]::new);
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }
}
