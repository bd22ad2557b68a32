package dev.lethe.importer.pytorch;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.InRange;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.lethe.fuzz.Archive;
import dev.lethe.fuzz.Stranger;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Files of torch.save byte by byte, and with any pickle in a sound archive. */
class TorchFuzzTest {
  private static final List<byte[]> FILES =
      Stream.concat(Stranger.seeds(".pt", 4 << 10), Stranger.seeds(".pth", 4 << 10))
          .filter(file -> file[0] == 'P')
          .toList();
  private static final int MOST = 7;

  static Stream<byte[]> files() {
    return FILES.stream();
  }

  @MethodSource("files")
  @FuzzTest
  void bytes(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN).with("model.pt", file)) {
      stranger.readBy(Stranger::load, "model.pt");
    }
  }

  static Stream<Arguments> pickles() {
    return IntStream.rangeClosed(0, MOST)
        .mapToObj(k -> Arguments.of(k, Archive.entry(FILES.get(k), "data.pkl")));
  }

  @MethodSource("pickles")
  @FuzzTest
  void pickle(@InRange(min = 0, max = MOST) int file, byte @NotNull [] pickle) {
    bytes(Archive.replace(FILES.get(file), "data.pkl", pickle, false));
  }
}
