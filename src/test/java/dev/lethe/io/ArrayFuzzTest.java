package dev.lethe.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.lethe.Tensor;
import dev.lethe.fuzz.Archive;
import dev.lethe.fuzz.Stranger;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Arrays in .npy, .npz, CSV and folders. */
class ArrayFuzzTest {
  private static final int PREFIX = 10;

  static Stream<byte[]> npyFiles() throws IOException {
    return Stream.of(
        file("<f4", "False", "(2, 3)"),
        file(">f8", "True", "(2, 3)"),
        file("|b1", "False", "(2, 12L)"),
        file("<f2", "False", "(0, 3)"),
        file("<i8", "False", "()"));
  }

  private static byte[] file(String descr, String fortran, String shape) throws IOException {
    return NpyTest.file(1, NpyTest.dict(descr, fortran, shape), new byte[48], 64);
  }

  @MethodSource("npyFiles")
  @FuzzTest
  void npy(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN).with("x.npy", file)) {
      stranger.readBy(Npy::read, "x.npy");
      stranger.readBy(path -> pieces(ArraySource.npy(path), 1), "x.npy");
    }
  }

  static Stream<Arguments> npyHeaders() throws IOException {
    return npyFiles()
        .map(
            file -> {
              int length = file[PREFIX - 2] & 0xff;
              return Arguments.of(
                  new String(file, PREFIX, length, StandardCharsets.US_ASCII), new byte[48]);
            });
  }

  @MethodSource("npyHeaders")
  @FuzzTest
  void npyHeader(@NotNull String dict, byte @NotNull [] data) {
    byte[] text = dict.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(PREFIX + text.length + data.length);
    file.order(ByteOrder.LITTLE_ENDIAN)
        .put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0});
    npy(file.putShort((short) text.length).put(text).put(data).array());
  }

  static Stream<byte[]> npzFiles() throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    Npz.write(stored, Map.of("x", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2)));
    byte[] array = npyFiles().findFirst().orElseThrow();
    return Stream.of(stored.toByteArray(), Archive.pack(Map.of("x.npy", array), true));
  }

  @MethodSource("npzFiles")
  @FuzzTest
  void npz(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PACKED).with("x.npz", file)) {
      stranger.readBy(Npz::read, "x.npz");
      stranger.readBy(Npz::names, "x.npz");
      stranger.readBy(path -> pieces(ArraySource.npz(path, "x", 0), 0), "x.npz");
      stranger.readBy(path -> pieces(ArraySource.npz(path, "x", 1), 1), "x.npz");
    }
  }

  static Stream<Arguments> npzEntries() throws IOException {
    return npyFiles().map(file -> Arguments.of(file, true));
  }

  @MethodSource("npzEntries")
  @FuzzTest
  void npzEntry(byte @NotNull [] array, boolean deflated) {
    npz(Archive.pack(Map.of("x.npy", array), deflated));
  }

  static Stream<byte[]> csvFiles() {
    return Stream.of(
            "a,b,c\n1,2.5,-3e4\nNaN,Infinity,0x1p3\n",
            "1,2,3\r\n\"4\",\" 5\",6\r\n",
            "\ufeff1,2,3,4,5,6\n7,8,9,10,11,12")
        .map(text -> text.getBytes(StandardCharsets.UTF_8));
  }

  @MethodSource("csvFiles")
  @FuzzTest
  void csv(byte[] file) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN).with("x.csv", file)) {
      stranger.readBy(path -> csv(path, Tensor.Type.FLOAT32, 0, 3), "x.csv");
      stranger.readBy(path -> csv(path, Tensor.Type.FLOAT32, 1, 2, 3), "x.csv");
      stranger.readBy(path -> csv(path, Tensor.Type.INT32, 0), "x.csv");
    }
  }

  static Stream<Arguments> parts() throws IOException {
    return npyFiles().map(file -> Arguments.of(file, file));
  }

  @MethodSource("parts")
  @FuzzTest
  void folder(byte @NotNull [] first, byte @NotNull [] second) {
    try (Stranger stranger = new Stranger(Stranger.PLAIN)) {
      stranger.with("part-9.npy", first).with("part-10.npy", second);
      stranger.readBy(path -> pieces(ArraySource.folder(path, 0), 0), "");
      stranger.readBy(path -> pieces(ArraySource.folder(path, 1), 1), "");
    }
  }

  private static void csv(Path file, Tensor.Type type, int axis, int... sequence) {
    pieces(ArraySource.csv(file, type, sequence, axis), axis);
  }

  /** The first half of the axis, if there is such an axis, and the rest, as a job reads them. */
  private static void pieces(ArraySource source, int axis) {
    try (source) {
      int[] shape = source.shape();
      if (shape.length <= axis) {
        source.readAll();
        return;
      }
      int half = shape[axis] / 2;
      read(source, axis, 0, half);
      read(source, axis, half, shape[axis] - half);
    }
  }

  private static void read(ArraySource source, int axis, int first, int count) {
    int[] shape = source.shape();
    shape[axis] = count;
    source.read(axis, first, Tensor.allocate(source.type(), shape));
  }
}
