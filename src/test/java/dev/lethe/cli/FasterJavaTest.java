package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Lethe;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import dev.lethe.network.Graph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The program as a process of its own, started without the Vector API's module. */
class FasterJavaTest {
  /** What Java itself says on stderr when it starts with the module. */
  private static final String STARTED = "Using incubator modules: " + FasterJava.MODULE;

  @TempDir Path folder;
  private String model = "";
  private String cases = "";

  private record Ended(int code, String out, String err) {
    /** How many Javas with the module were started. */
    long started() {
      return err.lines().filter(line -> line.contains(STARTED)).count();
    }
  }

  @BeforeEach
  void writeModelAndInput() throws IOException {
    Path spaced = Files.createDirectory(folder.resolve("a folder, \"quoted\" and 'spaced'"));
    model = TinyModel.write(spaced.resolve("model.safetensors")).toString();
    Npy.write(spaced.resolve("x.npy"), TinyModel.input(3, 4));
    cases = spaced.toString();
  }

  @Test
  void anotherJavaRunsIt() throws Exception {
    Ended ended = lethe("compare", model, "-d", "cpu");
    assertEquals(0, ended.code(), ended.err());
    assertEquals(1, ended.started(), ended.err());
    assertTrue(ended.out().startsWith("DEVICE"), ended.out());
    assertEquals(1, ended.out().lines().filter(line -> line.startsWith("DEVICE")).count());
  }

  @Test
  void itsExitCodeIsPassedOn() throws Exception {
    recordCaseThatFails();
    Ended ended = lethe("verify", "-d", "cpu", cases);
    assertEquals(ExitCodes.CHECK_FAILED, ended.code(), ended.err());
    assertEquals(1, ended.started(), ended.err());
    assertTrue(ended.out().endsWith("0 passed, 1 failed\n"), ended.out());
    Ended missing = lethe("compare", cases + "/there is none.onnx", "-d", "cpu");
    assertEquals(ExitCodes.BAD_INPUT, missing.code(), missing.err());
    assertTrue(missing.err().contains("there is none.onnx: no such file"), missing.err());
    assertEquals("", missing.out());
  }

  @Test
  void whatIsWrongAtFirstSightIsSaidHereInOneLine() throws Exception {
    String none = cases + "/there is none";
    refusesHere("no such file", "compare", none, "-d", "cpu");
    refusesHere("no such file", "compare", model, "-i", none + ".npy", "-d", "cpu");
    refusesHere("no such file", "compare", model, "--lengths", none + ".npy", "-d", "cpu");
    refusesHere("needs an OpenCL device", "compare", model, "-d", "cpu", "-p", "tf32");
    refusesHere("no such file", "bench", none, "-d", "cpu");
    refusesHere("no such file", "bench", "--shapes", none, "-d", "cpu");
    refusesHere("no case.json", "verify", cases, "-d", "cpu");
    refusesHere("is a file", "verify", model, "-d", "cpu");
  }

  private void refusesHere(String part, String... args) throws Exception {
    Ended ended = lethe(args);
    assertEquals(ExitCodes.BAD_INPUT, ended.code(), ended.err());
    assertEquals(1, ended.err().lines().count(), ended.err());
    assertTrue(ended.err().contains(part), ended.err());
  }

  @Test
  void theSwitchKeepsItHere() throws Exception {
    Ended ended = lethe("compare", model, "-d", "cpu", FasterJava.NO_FORK);
    assertEquals(0, ended.code(), ended.err());
    assertEquals(0, ended.started(), ended.err());
    Ended before = lethe(FasterJava.NO_FORK, "compare", model, "-d", "cpu");
    assertEquals(0, before.code(), before.err());
    assertEquals(0, before.started(), before.err());
  }

  @Test
  void littleWorkAndOtherDevicesStayHere() throws Exception {
    Ended little = lethe("run", model, "-i", cases + "/x.npy", "-o", cases + "/y.npy", "-d", "cpu");
    assertEquals(0, little.code(), little.err());
    assertEquals(0, little.started(), little.err());
    assertTrue(little.err().contains("lethe: plain Java arithmetic"), little.err());
    assertEquals("", little.out());
    assertEquals(0, lethe("compare", model, "-d", "cpu:scalar").started());
  }

  @Test
  void theCpuLoadsNoOpenCl() throws Exception {
    String[] run = {"run", model, "-i", cases + "/x.npy", "-o", cases + "/y.npy", "-d"};
    assertFalse(loadsOpenCl(run, "cpu"));
    assertFalse(loadsOpenCl(run, "cpu:scalar"));
    assertTrue(loadsOpenCl(run, "auto"));
  }

  private boolean loadsOpenCl(String[] run, String device) throws Exception {
    List<String> args = new ArrayList<>(List.of(run));
    args.add(device);
    Path classes = folder.resolve("classes-" + device.replace(':', '-'));
    Process process = start(List.of("-Xlog:class+load:file=" + classes), args);
    assertEquals(0, process.waitFor(), err());
    return Files.readString(classes).contains("dev.lethe.backend.opencl.OpenClLibrary ");
  }

  @Test
  void workFollowsShapesAndIsNoneWhereTheyDoNotFit() {
    Graph graph = Model.graph(Lethe.load(Path.of(model), Map.of()));
    String name = graph.inputs().get(0).name();
    long one = FasterJava.work(graph, Map.of(name, TinyModel.input(1, 4)));
    long three = FasterJava.work(graph, Map.of(name, TinyModel.input(3, 8)));
    assertEquals(6 * one, three);
    assertTrue(one > 0);
    assertEquals(0, FasterJava.work(graph, Map.of(name, Tensor.of(new float[2], 2))));
    assertEquals(0, FasterJava.work(graph, Map.of()));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void itEndsWhenThisProcessDoes(boolean killed) throws Exception {
    Process process = start(List.of(), List.of("compare", model, "-d", "cpu"));
    List<ProcessHandle> children = List.of();
    while (children.isEmpty() && process.isAlive()) {
      children = process.children().toList();
    }
    assertFalse(children.isEmpty(), "it ended before it started another");
    if (killed) {
      process.destroyForcibly();
    } else {
      process.destroy();
    }
    children.get(0).onExit().get(1, TimeUnit.MINUTES);
    assertTrue(process.waitFor() != 0);
  }

  private void recordCaseThatFails() throws IOException {
    Path data = Files.createDirectory(Path.of(cases, "test_data_set_0"));
    Files.writeString(Path.of(cases, "case.json"), "{\"model\": \"model.safetensors\"}");
    Npy.write(data.resolve("input_0.npy"), TinyModel.input(3, 4));
    Npy.write(
        data.resolve("output_Y.npy"),
        Tensor.of(new float[3 * 4 * TinyModel.HIDDEN], 3, 4, TinyModel.HIDDEN));
  }

  private Ended lethe(String... args) throws Exception {
    Process process = start(List.of(), List.of(args));
    int code = process.waitFor();
    return new Ended(code, Files.readString(folder.resolve("out")), err());
  }

  private String err() throws IOException {
    return Files.readString(folder.resolve("err"));
  }

  /** With a closed stdin, and without what Maven gives this Java. */
  private Process start(List<String> jvm, List<String> args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvm);
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Main.class.getName());
    command.addAll(args);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectOutput(folder.resolve("out").toFile());
    builder.redirectError(folder.resolve("err").toFile());
    Process process = builder.start();
    process.getOutputStream().close();
    return process;
  }
}
