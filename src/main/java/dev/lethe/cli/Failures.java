package dev.lethe.cli;

import dev.lethe.DeviceException;
import dev.lethe.LetheException;
import java.io.PrintWriter;
import java.util.function.BooleanSupplier;
import picocli.CommandLine;

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
    return report(line.getErr(), e, e.getMessage() + " (see " + help + ")", ExitCodes.BAD_INPUT);
  }

  @Override
  public int handleExecutionException(
      Exception e, CommandLine line, CommandLine.ParseResult parsed) {
    return report(line.getErr(), e, message(e), code(e));
  }

  private int report(PrintWriter err, Exception e, String message, int code) {
    err.println("lethe: " + oneLine(message));
    if (debug.getAsBoolean()) {
      e.printStackTrace(err);
    }
    err.flush();
    return code;
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
  static String oneLine(String text) {
    return text.strip().replaceAll("\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?");
  }
}
