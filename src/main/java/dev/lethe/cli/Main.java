package dev.lethe.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program {@code lethe}. */
@Command(
    name = "lethe",
    versionProvider = Versions.class,
    description = {
      "Runs trained LSTM networks on any OpenCL device, a batch at a time,",
      "and gives the same answers on the CPU where there is no device."
    },
    footer = {
      "%nExamples:",
      "  lethe doctor                                what this machine has to run on",
      "  lethe info model.onnx                       what goes in and what comes out",
      "  lethe run model.onnx -i x.npy -o y.npy      the main job",
      "  lethe run model.onnx -i X=x.npy --lengths n.npy -o all.npz -d opencl",
      "  lethe compare model.onnx                    is every device right, and how fast",
      "  lethe bench model.onnx                      from which batch size does the GPU pay",
      "  lethe tune model.onnx -d opencl             find the fastest kernels for this device",
      "  lethe trace model.onnx -i x.npy --plot gates.png       what the gates do over time",
      "%nData go to stdout, everything else to stderr. lethe COMMAND --help tells more.",
      ExitCodes.HELP
    })
public final class Main implements Runnable {
  private static final int WIDTH = 100;
  private static final List<Class<?>> COMMANDS =
      List.of(
          RunCommand.class,
          InfoCommand.class,
          DoctorCommand.class,
          VerifyCommand.class,
          CompareCommand.class,
          BenchCommand.class,
          TuneCommand.class,
          TraceCommand.class,
          HelpCommand.class);

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help and exit.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it
  private boolean help;

  @Option(
      names = {"-V", "--version"},
      versionHelp = true,
      description = "Show the versions of Lethe and Java and exit.")
  @SuppressWarnings("UnusedVariable") // picocli acts on it
  private boolean version;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show where a failure comes from.")
  private boolean debug;

  @Option(
      names = FasterJava.NO_FORK,
      scope = ScopeType.INHERIT,
      description = {
        "Stay in this Java, even where starting another one with the Vector API",
        "would be faster; the results are the same."
      })
  private boolean noFork;

  @Spec private CommandSpec spec;

  /** How java.util.logging writes what Lethe says while it works: a line like the others. */
  private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";

  /** Runs a command and exits with its code. */
  public static void main(String[] args) {
    if (System.getProperty(LOG_FORMAT) == null) {
      System.setProperty(LOG_FORMAT, "lethe: %5$s%n");
    }
    FasterJava.endWithParent();
    Main main = new Main();
    Failures failures = new Failures(() -> main.debug);
    CommandLine line = commandLine(main, failures, args);
    int code;
    try {
      code = line.execute(args);
    } catch (OutOfMemoryError | LinkageError | ServiceConfigurationError e) {
      code = failures.handle(e, line);
    }
    System.exit(written(line) ? code : Math.max(code, ExitCodes.BAD_INPUT));
  }

  /** Whether all data went out; streams that print keep failures to themselves until asked. */
  @SuppressWarnings("SystemOut")
  private static boolean written(CommandLine line) {
    boolean failed = System.out.checkError();
    if (failed) {
      line.getErr()
          .println("lethe: standard output cannot be written; is the disk full, its reader gone?");
    }
    return !failed;
  }

  /**
   * The program without a process around it: for tests, with writers of their own.
   *
   * @param args what it will be given
   */
  public static CommandLine commandLine(String... args) {
    Main main = new Main();
    return commandLine(main, new Failures(() -> main.debug), args);
  }

  private static CommandLine commandLine(Main main, Failures failures, String... args) {
    CommandLine line = new CommandLine(main);
    commands(args).forEach((name, command) -> line.addSubcommand(name, command));
    line.setUsageHelpWidth(WIDTH);
    line.setExecutionExceptionHandler(failures);
    line.setParameterExceptionHandler(failures);
    return line;
  }

  /**
   * The command that the first word names, since to look at them all would take as long as a short
   * run; all of them where there is none, or help, which may be about any.
   */
  private static Map<String, Class<?>> commands(String... args) {
    String wanted = Arrays.stream(args).filter(arg -> !arg.startsWith("-")).findFirst().orElse("");
    Map<String, Class<?>> all = new LinkedHashMap<>();
    for (Class<?> command : COMMANDS) {
      String name = command.getAnnotation(Command.class).name();
      if (name.equals(wanted) && command != HelpCommand.class) {
        return Map.of(name, command);
      }
      all.put(name, command);
    }
    return all;
  }

  /** Whether the command must stay in this process. */
  static boolean mayNotFork(CommandSpec spec) {
    return ((Main) spec.root().userObject()).noFork;
  }

  /** Without a command there is nothing to do. */
  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "no command; give one of " + spec.subcommands().keySet());
  }

  /** Where data go. */
  static PrintWriter out(CommandSpec spec) {
    return spec.commandLine().getOut();
  }

  /** Where everything else goes. */
  static PrintWriter err(CommandSpec spec) {
    return spec.commandLine().getErr();
  }
}
