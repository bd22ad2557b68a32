package dev.lethe.cli;

import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import dev.lethe.network.Graph;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.module.ModuleFinder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import picocli.CommandLine.Model.CommandSpec;

/**
 * The same command in another Java that has the Vector API. Its module must be named when Java
 * starts, which the manifest of a jar cannot do, and a layer made later cannot hold it. Starting a
 * second Java and compiling the vector code takes seconds, so only work that takes longer is worth
 * it.
 */
final class FasterJava {
  static final String NO_FORK = "--no-fork";
  static final String MODULE = "jdk.incubator.vector";

  private static final String CPU = "cpu";

  /** The process that started this one. */
  private static final String PARENT = "lethe.parent";

  /** From so many floating-point operations on the whole is faster; design.md has the figures. */
  static final long WORTH_IT = 100_000_000_000L;

  /** What a JVM adds to its command line; the child's has it already. */
  private static final List<String> ENVIRONMENT =
      List.of("JDK_JAVA_OPTIONS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS");

  private FasterJava() {}

  /**
   * Runs the whole command there, if there is such a Java and the work pays for it.
   *
   * @param work floating-point operations
   * @return the exit code, or empty: the command is to run here
   */
  static OptionalInt run(CommandSpec spec, Options options, long work) {
    boolean onCpu = options.device().equals("auto") || Sessions.includeCpu(options);
    if (!onCpu
        || work < WORTH_IT
        || DoctorCommand.vectors()
        || Main.mayNotFork(spec)
        || !available()
        || isDebugged()) {
      return OptionalInt.empty();
    }
    if (options.device().equals(CPU)) {
      // a precision that it does not have is this process's to refuse
      SelfTest.network().open(options).close();
    }
    return run(command(spec.root().commandLine().getParseResult().originalArgs()));
  }

  /** Whether this Java has the module, resolved or not. */
  static boolean available() {
    return ModuleFinder.ofSystem().find(MODULE).isPresent();
  }

  /** A debugger is for this process, and the child could not have its port. */
  private static boolean isDebugged() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .anyMatch(argument -> argument.startsWith("-agentlib:jdwp"));
  }

  /**
   * Floating-point operations of a run; 0 where an input does not fit, which the run will refuse.
   */
  static long work(Graph graph, Map<String, Tensor> inputs) {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    for (Graph.Entry entry : graph.entries()) {
      Tensor given = inputs.get(entry.value().name());
      if (given != null && given.rank() != entry.value().shape().rank()) {
        return 0;
      }
      if (given != null) {
        shapes.put(entry.value().name(), given.shape());
      }
    }
    try {
      return graph.operations(Tolerance.sizes(graph, shapes));
    } catch (InputException e) {
      return 0;
    }
  }

  /** This process's command line with the module in it, and the mark that ends it there. */
  static List<String> command(List<String> args) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("--add-modules=" + MODULE);
    command.add("-D" + PARENT + "=" + ProcessHandle.current().pid());
    String classPath = System.getProperty("java.class.path");
    if (classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator)) {
      command.addAll(List.of("-jar", classPath));
    } else {
      command.addAll(List.of("-cp", classPath, Main.class.getName()));
    }
    command.add(NO_FORK);
    command.addAll(args);
    return command;
  }

  /**
   * Runs a command with this process's streams, and ends it when this process is told to end.
   *
   * @return its exit code; empty if it could not be started
   */
  static OptionalInt run(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
    ENVIRONMENT.forEach(builder.environment()::remove);
    Process child;
    try {
      child = builder.start();
    } catch (IOException e) {
      System.getLogger("dev.lethe").log(System.Logger.Level.DEBUG, "no second Java", e);
      return OptionalInt.empty();
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(child)));
    // the child reads model and arrays anew
    System.gc();
    return OptionalInt.of(await(child));
  }

  /**
   * Ends this process when the one that started it is gone, which may have been killed and could
   * not end it: it would go on to write what somebody may be writing again by then.
   */
  static void endWithParent() {
    Long parent = Long.getLong(PARENT);
    if (parent != null) {
      Thread watch =
          new Thread(
              () -> {
                ProcessHandle.of(parent).ifPresent(process -> process.onExit().join());
                Runtime.getRuntime().halt(ExitCodes.DEVICE_FAILED);
              },
              "parent");
      watch.setDaemon(true);
      watch.start();
    }
  }

  private static void end(Process child) {
    child.destroy();
    await(child);
  }

  private static int await(Process child) {
    while (true) {
      try {
        return child.waitFor();
      } catch (InterruptedException e) {
        child.destroy();
      }
    }
  }
}
