package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.io.CsvFile;
import dev.lethe.io.Npy;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The commands of jobs.md, in a folder that has the files they name. */
class JobsPageTest {
  private static final int SEQUENCES = 20;
  private static final int STEPS = 6;

  @TempDir Path folder;

  static List<String> commands() throws IOException {
    return Files.readAllLines(Path.of("src/site/markdown/jobs.md")).stream()
        .filter(line -> line.startsWith("    lethe "))
        .map(String::strip)
        .toList();
  }

  @BeforeEach
  void writeFiles() throws IOException {
    TinyModel.write(folder.resolve("model.safetensors"));
    Tensor x = TinyModel.input(SEQUENCES, STEPS);
    Npy.write(folder.resolve("x.npy"), x);
    Files.createDirectory(folder.resolve("parts"));
    Npy.write(folder.resolve("parts/part-9.npy"), x);
    Npy.write(folder.resolve("parts/part-10.npy"), x);
    try (OutputStream out = Files.newOutputStream(folder.resolve("x.csv"))) {
      CsvFile.write(out, ArraySource.of(x), 0);
    }
    int[] lengths = new int[SEQUENCES];
    int[] offsets = new int[SEQUENCES + 1];
    for (int k = 0; k < SEQUENCES; k++) {
      lengths[k] = k % (STEPS + 1);
      offsets[k + 1] = offsets[k] + lengths[k];
    }
    Npy.write(folder.resolve("n.npy"), Tensor.of(lengths, SEQUENCES));
    Npy.write(folder.resolve("offsets.npy"), Tensor.of(offsets, SEQUENCES + 1));
    int rows = offsets[SEQUENCES];
    Npy.write(
        folder.resolve("flat.npy"), TinyModel.input(rows, 1).reshape(rows, TinyModel.FEATURES));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void runs(String command) throws IOException, InterruptedException {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.add("-cp");
    words.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    words.add(Main.class.getName());
    words.addAll(List.of(command.split(" ", -1)).subList(1, command.split(" ", -1).length));
    Process process =
        new ProcessBuilder(words)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("said").toFile())
            .start();
    assertEquals(0, process.waitFor(), Files.readString(folder.resolve("said")));
  }

  @Test
  void thePageHasCommands() throws IOException {
    assertTrue(commands().size() > 5, commands().toString());
  }
}
