package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.cli.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What formats.md says that Lethe prints for models that it refuses is what it prints. */
final class RefusalsTest {
  private static final Path PAGE = Path.of("src/site/markdown/formats.md");

  @TempDir Path folder;

  @Test
  void anOperatorThatLetheDoesNotRun() throws IOException {
    byte[] model = Files.readAllBytes(Examples.file("digits/digits.onnx"));
    shows("pooled.onnx", replaced(model, "\"\u0007Softmax", "\"\u0007MaxPool"));
  }

  @Test
  void aFileCutShort() throws IOException {
    byte[] model = Files.readAllBytes(Examples.file("digits/digits.onnx"));
    shows("half.onnx", Arrays.copyOf(model, model.length / 2));
  }

  @Test
  void aPickledModule() throws IOException {
    shows("module.pt", resource("pytorch/reject-module/model.pt"));
  }

  @Test
  void tensorsThatNobodyDescribes() throws IOException {
    shows("classifier.pt", resource("pytorch/reject-no-description/model.pt"));
  }

  @Test
  void aLayerThatIsNoLstm() throws IOException {
    String config = "keras/keras3_hard_sigmoid_weights/model.json";
    Files.write(
        folder.resolve("gru.json"),
        replaced(resource(config), "\"class_name\": \"LSTM\"", "\"class_name\": \"GRU\""));
    shows("gru.weights.h5", resource("keras/keras3_hard_sigmoid_weights/model.weights.h5"));
  }

  /** The page has the command and what it prints, however its lines are broken. */
  private void shows(String name, byte[] content) throws IOException {
    Path file = Files.write(folder.resolve(name), content);
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine().setErr(new PrintWriter(err, true));
    assertEquals(2, line.execute("info", file.toString()));
    String printed = "$ lethe info " + name + " " + err.toString().replace(folder + "/", "");
    assertTrue(plain(Files.readString(PAGE)).contains(plain(printed)), printed);
  }

  private static String plain(String text) {
    return text.strip().replaceAll("\\s+", " ");
  }

  private static byte[] replaced(byte[] content, String from, String to) {
    String text = new String(content, StandardCharsets.ISO_8859_1);
    assertTrue(text.contains(from), from);
    return text.replace(from, to).getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] resource(String name) throws IOException {
    try {
      return Files.readAllBytes(
          Path.of(RefusalsTest.class.getResource("/dev/lethe/importer/" + name).toURI()));
    } catch (URISyntaxException e) {
      throw new IllegalStateException(name + " is not a file", e);
    }
  }
}
