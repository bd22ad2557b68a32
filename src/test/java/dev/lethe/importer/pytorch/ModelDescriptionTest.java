package dev.lethe.importer.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.ModelFormatException;
import dev.lethe.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Descriptions beside a state dictionary. */
class ModelDescriptionTest {
  private static final Path CLASSIFIER =
      Path.of("src/test/resources/dev/lethe/importer/pytorch/classifier/model.pt");

  @TempDir Path folder;

  @Test
  void allKeys() throws IOException {
    ModelDescription description =
        describe(
            "{\"lstm\":\"a.b\",\"batch_first\":false,\"embedding\":\"e\",\"select\":\"final\","
                + "\"head\":[{\"dense\":\"d\"},{\"activation\":\"tanh\"},{\"log_softmax\":true}]}");
    assertEquals(Optional.of("a.b"), description.lstm());
    assertEquals(Optional.of(false), description.batchFirst());
    assertEquals(Optional.of("e"), description.embedding());
    assertEquals(ModelDescription.Select.FINAL, description.select());
    assertEquals(3, description.head().size());
    assertEquals(new ModelDescription.Head.Softmax(true), description.head().get(2));
  }

  @Test
  void theFileOfTheWholeNameComesFirst() throws IOException {
    Files.writeString(folder.resolve("model.json"), "{\"lstm\":\"stem\"}");
    Path model = folder.resolve("model.pt");
    assertEquals(Optional.of("stem"), ModelDescription.beside(model).lstm());
    assertEquals(Optional.of("whole"), describe("{\"lstm\":\"whole\"}").lstm());
    assertEquals(
        Optional.empty(), ModelDescription.beside(folder.resolve("other.pt")).batchFirst());
  }

  @Test
  void whatIsNotKnownIsRefusedByName() {
    assertRefused("{\"heads\":[]}", "unknown key 'heads'");
    assertRefused("{\"head\":[{\"conv\":\"c\"}]}", "unknown stage 'conv'");
    assertRefused("{\"head\":[{\"activation\":\"gelu\"}]}", "unknown activation 'gelu'");
    assertRefused("{\"head\":[{\"dense\":\"a\",\"bias\":\"b\"}]}", "more than one key");
    assertRefused("{\"head\":[\"fc\"]}", "no object as a stage");
    assertRefused("{\"head\":[{}]}", "empty stage");
    assertRefused("{\"head\":\"fc\"}", "needs a list as 'head'");
    assertRefused("{\"select\":\"first\"}", "it must be all, last or final");
    assertRefused("{\"batch_first\":\"yes\"}", "needs true or false as 'batch_first'");
    assertRefused("{\"lstm\":3}", "needs text");
    assertRefused("{\"lstm\":\"a\",\"lstm\":\"b\"}", "not whole JSON");
    assertRefused("{\"lstm\":", "not whole JSON");
    assertRefused("[]", "must be an object");
  }

  @Test
  void tensorsAreMissingOrLeftOver() throws IOException {
    assertModelRefused("{\"embedding\":\"nowhere\"}", "tensor 'nowhere.weight', which");
    assertModelRefused("{\"lstm\":\"rnn\"}", "no tensor 'rnn.weight_ih_l0'");
    assertModelRefused("{\"lstm\":\"lstm\",\"embedding\":\"words\"}", "fc1.bias, fc1.weight");
    assertModelRefused("{\"embedding\":\"words\",\"head\":[{\"dense\":\"fc2\"}]}", "6 features");
  }

  @Test
  void theHeadReadsEveryStepUnlessToldOtherwise() throws IOException {
    Network network =
        load("{\"embedding\":\"words\",\"head\":[{\"dense\":\"fc1\"},{\"dense\":\"fc2\"}]}");
    assertEquals("[batch, time]", network.inputs().get(0).shape().toString());
    assertEquals("[batch, time, 3]", network.outputs().get(0).shape().toString());
    assertEquals(
        List.of("Y", "Y_h", "Y_c"), network.outputs().stream().map(p -> p.name()).toList());
  }

  private void assertRefused(String json, String part) {
    String message = assertThrows(ModelFormatException.class, () -> describe(json)).getMessage();
    assertTrue(message.contains(part) && message.lines().count() == 1, message);
  }

  private void assertModelRefused(String json, String part) {
    String message = assertThrows(ModelFormatException.class, () -> load(json)).getMessage();
    assertTrue(message.contains(part) && message.lines().count() == 1, message);
  }

  private Network load(String json) throws IOException {
    Path model = folder.resolve("model.pt");
    if (!Files.exists(model)) {
      Files.copy(CLASSIFIER, model);
    }
    Files.writeString(folder.resolve("model.pt.json"), json);
    return new TorchImporter().read(model, Map.of());
  }

  private ModelDescription describe(String json) throws IOException {
    Path model = folder.resolve("model.pt");
    Files.writeString(folder.resolve("model.pt.json"), json);
    return ModelDescription.beside(model);
  }
}
