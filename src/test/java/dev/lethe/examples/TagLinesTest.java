package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Options;
import dev.lethe.examples.TagLines.Word;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class TagLinesTest {
  /** Lines of other sentences than training's, each word with the tag that it should have. */
  private final List<List<Word>> heldOut =
      Files.readAllLines(Examples.file("tags/held_out.txt")).stream()
          .map(line -> Arrays.stream(line.split(" ", -1)).map(TagLinesTest::word).toList())
          .toList();

  TagLinesTest() throws IOException {}

  @ParameterizedTest
  @MethodSource("dev.lethe.examples.ForecastCo2Test#devices")
  void tagsLinesThatTrainingDidNotSee(String device) {
    List<String> lines = heldOut.stream().map(TagLinesTest::text).toList();
    List<List<Word>> tagged = TagLines.tag(lines, Options.defaults().withDevice(device));
    int right = 0;
    for (int k = 0; k < lines.size(); k++) {
      assertEquals(lines.get(k), text(tagged.get(k)));
      for (int word = 0; word < tagged.get(k).size(); word++) {
        right += tagged.get(k).get(word).equals(heldOut.get(k).get(word)) ? 1 : 0;
      }
    }
    assertEquals(1312, heldOut.stream().mapToInt(List::size).sum());
    assertEquals(1311, right);
  }

  @Test
  void aLineHasTheSameTagsAlone() {
    List<String> lines = heldOut.stream().map(TagLinesTest::text).limit(7).toList();
    Options options = Options.defaults().withDevice("cpu");
    List<List<Word>> together = TagLines.tag(lines, options);
    for (int k = 0; k < lines.size(); k++) {
      assertEquals(List.of(together.get(k)), TagLines.tag(List.of(lines.get(k)), options));
    }
  }

  @Test
  void findsEachKind() {
    String line = "Dear Vera , the rent of $1,250 for May 2026 is due on Friday at noon .";
    List<Word> words = TagLines.tag(List.of(line), Options.defaults().withDevice("cpu")).get(0);
    for (String wanted : List.of("$1,250/MONEY", "Friday/DATE", "noon/TIME", "Vera")) {
      assertTrue(words.stream().anyMatch(w -> w.toString().equals(wanted)), words.toString());
    }
  }

  private static String text(List<Word> words) {
    return String.join(" ", words.stream().map(Word::text).toList());
  }

  private static Word word(String tagged) {
    int slash = tagged.lastIndexOf('/');
    return new Word(tagged.substring(0, slash), tagged.substring(slash + 1));
  }
}
