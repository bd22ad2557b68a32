package dev.lethe.cli;

import dev.lethe.DeviceException;
import dev.lethe.LetheException;
import java.io.PrintWriter;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** Turns whatever was thrown into one line on stderr and an exit code. */
final class Failures
    implements CommandLine.IExecutionExceptionHandler, CommandLine.IParameterExceptionHandler {
  private final BooleanSupplier debug;

  Failures(BooleanSupplier debug) {
    this.debug = debug;
  }

  @Override
  public int handleParseException(CommandLine.ParameterException e, String[] args) {
    CommandLine line = e.getCommandLine();
    String help = line.getCommandSpec().qualifiedName() + " --help";
    return report(line.getErr(), e, usage(e) + " (see " + help + ")", ExitCodes.BAD_INPUT);
  }

  @Override
  public int handleExecutionException(
      Exception e, CommandLine line, CommandLine.ParseResult parsed) {
    return report(line.getErr(), e, message(e), code(e));
  }

  private static String usage(CommandLine.ParameterException e) {
    if (e instanceof CommandLine.UnmatchedArgumentException unmatched) {
      String first = unmatched.getUnmatched().get(0);
      CommandLine line = e.getCommandLine();
      if (first.startsWith("-")) {
        return "'" + first + "' is not known here";
      }
      return line.getSubcommands().isEmpty() ? surplus(line, first) : noCommand(line, first);
    }
    return String.valueOf(e.getMessage());
  }

  /** A word after all those that the command takes. */
  private static String surplus(CommandLine line, String word) {
    CommandSpec command = line.getCommandSpec();
    String wanted =
        command.positionalParameters().stream()
            .map(parameter -> "one " + parameter.paramLabel() + " is expected")
            .findFirst()
            .orElse(command.qualifiedName() + " takes options alone");
    return "'" + word + "' is one word too many; " + wanted;
  }

  /** There is no such command. */
  static String noCommand(CommandLine all, String name) {
    return "no command '" + name + "'; there are " + all.getSubcommands().keySet();
  }

  private int report(PrintWriter err, Throwable e, String message, int code) {
    err.println("lethe: " + oneLine(message));
    if (debug.getAsBoolean()) {
      e.printStackTrace(err);
    }
    err.flush();
    return code;
  }

  /** What no command can catch: memory that ran out, a class that is missing. */
  int handle(Error e, CommandLine line) {
    String message =
        e instanceof OutOfMemoryError
            ? "out of memory ("
                + e.getMessage()
                + "); run fewer sequences at a time with"
                + " --memory, or give Java more with -Xmx"
            : message(e);
    return report(line.getErr(), e, message, ExitCodes.DEVICE_FAILED);
  }

  private static int code(Throwable e) {
    boolean known = e instanceof LetheException && !(e instanceof DeviceException);
    return known ? ExitCodes.BAD_INPUT : ExitCodes.DEVICE_FAILED;
  }

  /** What to tell people about a failure. */
  static String message(Throwable e) {
    String said = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    return e instanceof LetheException
        ? said
        : "internal error: " + said + "; --debug shows where it comes from";
  }

  /** Names from files may hold anything; a terminal must not be steered by them. */
  static String oneLine(@Nullable String text) {
    return String.valueOf(text).strip().replaceAll("\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?");
  }
}
