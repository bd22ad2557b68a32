package dev.lethe.examples;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Tags each step of sequences of different lengths: finds dates, times and amounts of money in
 * lines of text. The network reads characters in both directions; a word has the tag of its first.
 */
public final class TagLines {
  private static final List<String> TAGS = List.of("O", "DATE", "TIME", "MONEY");

  private TagLines() {}

  /** A word and its tag; O is none of those that are looked for. */
  record Word(String text, String tag) {
    @Override
    public String toString() {
      return tag.equals("O") ? text : text + "/" + tag;
    }
  }

  /** Tags the lines that are given, or one of its own. */
  public static void main(String[] arguments) {
    List<String> lines =
        arguments.length > 0
            ? List.of(arguments)
            : List.of("Dear Vera , the rent of $1,250 for May 2026 is due on Friday at noon .");
    for (List<Word> words : tag(lines, Examples.options())) {
      System.out.println(String.join(" ", words.stream().map(Word::toString).toList()));
    }
  }

  /** The words of each line, which blanks separate, with their tags. */
  static List<List<Word>> tag(List<String> lines, Options options) {
    Network network = Network.load(Examples.file("tags/tagger.pt")); // and tagger.pt.json
    int longest = lines.stream().mapToInt(String::length).max().orElse(0);
    Tensor ids = Tensor.allocate(Tensor.Type.INT32, lines.size(), longest);
    Tensor lengths = Tensor.allocate(Tensor.Type.INT32, lines.size());
    for (int k = 0; k < lines.size(); k++) {
      ids.ints().put(k * longest, lines.get(k).chars().map(c -> Math.min(c, 127)).toArray());
      lengths.ints().put(k, lines.get(k).length());
    }
    try (Session session = network.open(options)) {
      Tensor y = session.run(Map.of("X", ids, "sequence_lens", lengths)).get("Y");
      List<List<Word>> all = new ArrayList<>();
      for (int k = 0; k < lines.size(); k++) {
        all.add(words(lines.get(k), y.toFloatArray(), k * longest));
      }
      return all;
    }
  }

  /**
   * @param scores [steps of all lines][4]
   * @param first the line's first step
   */
  private static List<Word> words(String line, float[] scores, int first) {
    List<Word> words = new ArrayList<>();
    int at = 0;
    for (String text : line.split(" ", -1)) {
      int from = (first + at) * TAGS.size();
      int best = 0;
      for (int tag = 1; tag < TAGS.size(); tag++) {
        best = scores[from + tag] > scores[from + best] ? tag : best;
      }
      words.add(new Word(text, TAGS.get(best)));
      at += text.length() + 1;
    }
    return words;
  }
}
