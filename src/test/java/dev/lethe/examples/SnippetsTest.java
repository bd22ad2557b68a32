package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the pages show in Java stands in an example, which compiles and is tested. Lines of an
 * example that end in {@code // not shown} are passed over.
 */
final class SnippetsTest {
  private static final Path SOURCES = Path.of("src/test/java/dev/lethe/examples");

  /**
   * A block of a page.
   *
   * @param page where it stands
   * @param lines without indentation, runs of blanks as one
   */
  record Block(Path page, List<String> lines) {
    @Override
    public String toString() {
      return page + ": " + lines.get(0);
    }
  }

  static List<Block> blocks() throws IOException {
    List<Block> blocks = new ArrayList<>();
    for (Path page : pages()) {
      List<String> block = null;
      for (String line : Files.readAllLines(page)) {
        if (block == null) {
          block = line.strip().equals("```java") ? new ArrayList<>() : null;
        } else if (line.strip().equals("```")) {
          blocks.add(new Block(page, block));
          block = null;
        } else {
          block.add(plain(line));
        }
      }
    }
    return blocks;
  }

  @ParameterizedTest
  @MethodSource("blocks")
  void standsInAnExample(Block block) throws IOException {
    assertFalse(block.lines().isEmpty());
    try (Stream<Path> sources = Files.list(SOURCES)) {
      boolean found =
          sources.anyMatch(source -> Collections.indexOfSubList(lines(source), block.lines()) >= 0);
      assertTrue(found, () -> "in no file of " + SOURCES + ": " + String.join("\n", block.lines()));
    }
  }

  @Test
  void eachPageThatShowsProgramsIsLookedAt() throws IOException {
    List<String> pages =
        blocks().stream().map(block -> block.page().getFileName().toString()).distinct().toList();
    assertTrue(pages.containsAll(List.of("README.md", "inside.md", "example.md")), pages::toString);
  }

  /** In a folder and a process of its own, since it takes model.onnx of the folder it is in. */
  @Test
  void theFirstProgramRuns(@TempDir Path folder) throws IOException, InterruptedException {
    Files.copy(Examples.file("digits/digits.onnx"), folder.resolve("model.onnx"));
    Path out = folder.resolve("out");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-classpath",
                System.getProperty("java.class.path"),
                FirstProgram.class.getName())
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(folder.resolve("err").toFile())
            .start();
    assertTrue(process.waitFor(5, TimeUnit.MINUTES));
    assertEquals(0, process.exitValue(), Files.readString(folder.resolve("err")));
    String printed = Files.readString(out, StandardCharsets.UTF_8).strip();
    assertEquals(10, printed.split(",", -1).length, printed);
    assertTrue(printed.startsWith("[") && printed.endsWith("]"), printed);
  }

  private static List<Path> pages() throws IOException {
    try (Stream<Path> site = Files.list(Path.of("src/site/markdown"))) {
      return Stream.concat(Stream.of(Path.of("README.md")), site)
          .filter(page -> page.toString().endsWith(".md"))
          .collect(Collectors.toList());
    }
  }

  private static List<String> lines(Path source) {
    try {
      return Files.readAllLines(source).stream()
          .map(SnippetsTest::plain)
          .filter(line -> !line.endsWith("// not shown"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String plain(String line) {
    return line.strip().replaceAll("\\s+", " ");
  }
}
