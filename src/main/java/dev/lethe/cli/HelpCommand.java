package dev.lethe.cli;

import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lethe help COMMAND}: the same as {@code lethe COMMAND --help}. */
@Command(name = "help", header = "Show the help of a command.")
final class HelpCommand implements Runnable {
  @Parameters(arity = "0..1", paramLabel = "COMMAND", description = "Which; without it: all.")
  private Optional<String> command = Optional.empty();

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    CommandLine all = spec.root().commandLine();
    command.map(name -> find(all, name)).orElse(all).usage(Main.out(spec));
  }

  private CommandLine find(CommandLine all, String name) {
    CommandLine found = all.getSubcommands().get(name);
    if (found == null) {
      throw new CommandLine.ParameterException(all, Failures.noCommand(all, name));
    }
    return found;
  }
}
