package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** The table of commands.md has the options that the commands have, and no others. */
class CommandsPageTest {
  private static final Pattern QUOTED = Pattern.compile("`([^`]*)`");
  private static final Pattern NAME = Pattern.compile("(?<!\\S)--?[a-zA-Z][-a-z]*");

  @Test
  void hasEveryOptionOfEveryCommand() throws IOException {
    assertEquals(ofCommands(), ofPage());
  }

  /** By command the names of its options. */
  private static Map<String, Set<String>> ofCommands() {
    Map<String, Set<String>> found = new TreeMap<>();
    Main.commandLine()
        .getSubcommands()
        .forEach(
            (name, command) -> {
              if (!name.equals("help")) {
                found.put(name, names(command));
              }
            });
    found.put("lethe", new TreeSet<>(Set.of("-V", "--version")));
    return found;
  }

  private static Set<String> names(CommandLine command) {
    return command.getCommandSpec().options().stream()
        .flatMap(option -> Arrays.stream(option.names()))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Map<String, Set<String>> ofPage() throws IOException {
    Map<String, Set<String>> found = new TreeMap<>();
    Set<String> commands = new TreeSet<>(Main.commandLine().getSubcommands().keySet());
    commands.remove("help");
    String options = "";
    for (String line : Files.readAllLines(Path.of("src/site/markdown/commands.md"))) {
      String[] cells = line.split("\\|", -1);
      if (cells.length != 5 || !cells[2].contains("`") && !cells[2].strip().equals("all")) {
        continue;
      }
      options = cells[1].isBlank() ? options : cells[1];
      Set<String> names = matches(NAME, String.join(" ", matches(QUOTED, options)));
      Set<String> quoted = matches(QUOTED, cells[2]);
      Set<String> those = new TreeSet<>(cells[2].strip().startsWith("all") ? commands : quoted);
      if (cells[2].contains("all but")) {
        those.removeAll(quoted);
      }
      those.forEach(command -> found.computeIfAbsent(command, c -> new TreeSet<>()).addAll(names));
    }
    return found;
  }

  /** What a pattern finds, or its first group where it has one. */
  private static Set<String> matches(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map(CommandsPageTest::group)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static String group(MatchResult match) {
    return match.groupCount() == 0 ? match.group() : match.group(1);
  }
}
