package dev.lethe.importer.pytorch;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.lethe.fuzz.Stranger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** safetensors byte by byte, with a sound length before any header, and any description beside. */
class SafetensorsFuzzTest {
  private static final Path DESCRIBED =
      Path.of("src/test/resources/dev/lethe/importer/pytorch/last-step/model.safetensors");

  static Stream<byte[]> files() {
    return Stranger.seeds(".safetensors", 1 << 12);
  }

  @MethodSource("files")
  @FuzzTest
  void bytes(byte[] file) {
    read(file, "{}".getBytes(StandardCharsets.UTF_8));
  }

  static Stream<Arguments> headers() {
    return files()
        .map(
            file -> {
              int end = 8 + (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
              return Arguments.of(
                  new String(file, 8, end - 8, StandardCharsets.UTF_8),
                  Arrays.copyOfRange(file, end, file.length));
            });
  }

  @MethodSource("headers")
  @FuzzTest
  void header(@NotNull String json, byte @NotNull [] data) {
    byte[] text = json.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes(file.putLong(text.length).put(text).put(data).array());
  }

  static Stream<byte[]> descriptions() {
    String all =
        "{\"lstm\": \"lstm\", \"batch_first\": true, \"embedding\": \"words\", \"select\": \"last\","
            + " \"head\": [{\"dense\": \"head\"}, {\"activation\": \"relu\"}, {\"softmax\": true}]}";
    return Stream.concat(
        Stranger.seeds("model.safetensors.json", 1 << 12),
        Stream.of(all.getBytes(StandardCharsets.UTF_8)));
  }

  @MethodSource("descriptions")
  @FuzzTest
  void description(byte[] json) {
    read(Stranger.bytes(DESCRIBED), json);
  }

  private static void read(byte[] file, byte[] description) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN)) {
      stranger.with("model.safetensors", file).with("model.safetensors.json", description);
      stranger.readBy(Stranger::load, "model.safetensors");
    }
  }
}
