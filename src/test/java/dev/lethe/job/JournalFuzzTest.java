package dev.lethe.job;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.lethe.fuzz.Stranger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Journals that a job is to go on from. */
class JournalFuzzTest {
  private static final int SEQUENCES = 100;
  private static final List<String> JOB = List.of("model 1234", "input x");

  static Stream<byte[]> journals() {
    String begin = "lethe journal 1\nmodel 1234\ninput x\nbegin\n";
    return Stream.of(
            begin,
            begin + "done 0 10\ndone 20 80\ndone 5 3\ndone 1",
            begin + "done 0 100\nmoving\n",
            "lethe journal 1\nmodel 1235\nbegin\n")
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("journals")
  @FuzzTest
  void bytes(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN).with("journal", file)) {
      stranger.readBy(JournalFuzzTest::goOn, "journal");
      // what it has become is one that can be gone on from
      stranger.readBy(JournalFuzzTest::goOn, "journal");
    }
  }

  private static void goOn(Path file) {
    try (Journal journal = Journal.open(file, JOB, SEQUENCES, true)) {
      int left = SEQUENCES - journal.count();
      for (int[] range : journal.left()) {
        left -= range[1] - range[0];
        if (range[0] < 0 || range[0] >= range[1] || range[1] > SEQUENCES) {
          throw new AssertionError("left from " + range[0] + " to " + range[1]);
        }
      }
      if (left != 0) {
        throw new AssertionError(left + " more are left");
      }
      journal.done(journal.left());
    }
  }
}
