package dev.lethe.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"", "1", "7", "2,3", "3,1,5", "0", "2,0,3", "2,3,4,5"})
  void floatsAndIntsComeBackAsTheyWere(String axes) {
    int[] shape =
        axes.isEmpty()
            ? new int[0]
            : Arrays.stream(axes.split(",")).mapToInt(Integer::parseInt).toArray();
    int count = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    Random random = new Random(7);
    float[] floats = new float[count];
    int[] ints = new int[count];
    for (int k = 0; k < count; k++) {
      floats[k] = (float) random.nextGaussian();
      ints[k] = random.nextInt();
    }
    Path file = folder.resolve("a.npy");
    Npy.write(file, Tensor.of(floats, shape));
    assertArrayEquals(shape, Npy.read(file).shape());
    assertArrayEquals(floats, Npy.read(file).toFloatArray());
    Npy.write(file, Tensor.of(ints, shape));
    assertArrayEquals(shape, Npy.read(file).shape());
    assertArrayEquals(ints, Npy.read(file).toIntArray());
  }

  /** The bytes of numpy.save(numpy.array([[1, 2, 3], [4, 5, 6]], '<f4')), NumPy 1.26. */
  @Test
  void writesWhatNumPyWrites() throws IOException {
    Path file = folder.resolve("a.npy");
    Npy.write(file, Tensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
    String dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
    byte[] bytes = Files.readAllBytes(file);
    assertEquals(128 + 24, bytes.length);
    assertEquals(0x76, bytes[8]);
    assertEquals(
        dict + " ".repeat(117 - dict.length()) + "\n",
        new String(bytes, 10, 118, StandardCharsets.US_ASCII));
    assertEquals(6f, ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getFloat(148));
  }

  @ParameterizedTest
  @CsvSource({
    "<f4, 1", "<f4, 2", "<f4, 3", ">f4, 1", "<f8, 1", ">f8, 3", "<f2, 1", ">f2, 1", "<i4, 1",
    ">i4, 2", "<i8, 1", ">i8, 1", "|i1, 1", "<i2, 1", ">i2, 1"
  })
  void everyTypeAndByteOrderIsRead(String descr, int version) throws IOException {
    byte[] data = encode(descr, new double[] {1, -2, 3, 4, -5, 6});
    for (boolean fortran : new boolean[] {false, true}) {
      Path file = write(version, dict(descr, fortran ? "True" : "False", "(2, 3)"), data);
      float[] wanted =
          fortran ? new float[] {1, 3, -5, -2, 4, 6} : new float[] {1, -2, 3, 4, -5, 6};
      assertArrayEquals(wanted, asFloats(Npy.read(file)), descr + " fortran " + fortran);
    }
  }

  @Test
  void unsignedBytesAndBooleansBecomeIntegers() throws IOException {
    byte[] data = {0, 1, (byte) 200};
    assertArrayEquals(
        new int[] {0, 1, 200}, Npy.read(write(1, dict("|u1", "False", "(3,)"), data)).toIntArray());
    assertArrayEquals(
        new int[] {0, 1, 200}, Npy.read(write(1, dict("|b1", "False", "(3,)"), data)).toIntArray());
  }

  @Test
  void fortranOrderOfThreeAxesIsTurned() throws IOException {
    // numpy.asfortranarray(numpy.arange(24).reshape(2, 3, 4)) keeps element [i, j, k] at i + 2 * (j
    // + 3 * k)
    double[] values = new double[24];
    for (int n = 0; n < 24; n++) {
      int i = n / 12;
      int j = n / 4 % 3;
      int k = n % 4;
      values[i + 2 * (j + 3 * k)] = n;
    }
    Tensor read = Npy.read(write(1, dict("<i8", "True", "(2, 3, 4)"), encode("<i8", values)));
    int[] wanted = new int[24];
    Arrays.setAll(wanted, n -> n);
    assertArrayEquals(wanted, read.toIntArray());
  }

  @ParameterizedTest
  @CsvSource({
    "0x0000, 0", "0x8000, -0", "0x0001, 5.9604645e-8", "0x03ff, 6.097555e-5",
        "0x0400, 6.1035156e-5",
    "0x3c00, 1", "0x3555, 0.33325195", "0x7bff, 65504", "0xfbff, -65504", "0x7c00, Infinity",
    "0xfc00, -Infinity", "0x7e00, NaN"
  })
  void halvesAreWidenedWithoutLoss(String bits, String wanted) {
    assertEquals(
        Float.floatToIntBits(Float.parseFloat(wanted)),
        Float.floatToIntBits(NpyElement.half((short) Integer.decode(bits).intValue())));
  }

  @Test
  void plainArraysAreMappedAndOthersAreNot() throws IOException {
    byte[] data = encode("<f4", new double[] {1, 2});
    assertTrue(Npy.read(write(1, dict("<f4", "False", "(2,)"), data)).bytes().isReadOnly());
    assertFalse(Npy.read(write(1, dict(">f4", "False", "(2,)"), data)).bytes().isReadOnly());
    byte[] shifted = file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", data, 1);
    Path file = Files.write(folder.resolve("shifted.npy"), shifted);
    assertFalse(Npy.read(file).bytes().isReadOnly());
    assertArrayEquals(new float[] {1, 2}, Npy.read(file).toFloatArray());
  }

  @Test
  void aDoubleThatNoFloatHoldsIsRefusedAndInfinityIsNot() throws IOException {
    double[] values = {1, Double.POSITIVE_INFINITY, -1e39};
    Path file = write(1, dict("<f8", "False", "(3,)"), encode("<f8", values));
    assertFails(file, "element 2 is -1.0E39");
    values[2] = Double.NaN;
    Tensor read = Npy.read(write(1, dict("<f8", "False", "(3,)"), encode("<f8", values)));
    assertEquals(Float.POSITIVE_INFINITY, read.floats().get(1));
    assertTrue(Float.isNaN(read.floats().get(2)));
  }

  @Test
  void anIntegerBeyond32BitsIsRefusedByItsElement() throws IOException {
    byte[] data = encode("<i8", new double[] {1, 2, 2147483648.0, 4});
    assertFails(write(1, dict("<i8", "False", "(2, 2)"), data), "element 2 is 2147483648");
    // Fortran order: the third in the file is element [0, 1]
    assertFails(write(1, dict("<i8", "True", "(2, 2)"), data), "element 1 is 2147483648");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "{'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2+0,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': [2]}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967298,)}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': '1'}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} + __import__('os')",
        "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4\\', 'fortran_order': False, 'shape': (2,)}",
        "dict(descr='<f4', fortran_order=False, shape=(2,))"
      })
  void damagedHeadersAreRefused(String header) throws IOException {
    assertFails(write(1, header, new byte[8]), "header");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"<f16", "<c8", "|S4", "<U3", "|O", "f4", "=f4", "<f3", "|f4", "<i1", "<u8"})
  void otherTypesAreRefusedByName(String descr) throws IOException {
    assertFails(write(1, dict(descr, "False", "(2,)"), new byte[8]), "'" + descr + "'");
  }

  @Test
  void structuredArraysAreRefused() throws IOException {
    String header = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}";
    assertFails(write(1, header, new byte[8]), "structured");
  }

  @Test
  void manyAxesAreRefused() throws IOException {
    String shape = "(" + "1, ".repeat(33) + ")";
    assertFails(write(1, dict("<f4", "False", shape), new byte[4]), "32 axes");
  }

  @Test
  void aHugeShapeIsRefusedBeforeAnythingIsAllocated() throws IOException {
    String huge = "(2147483647, 2147483647, 2147483647, 2147483647)";
    assertFails(write(1, dict("<f8", "False", huge), new byte[8]), "larger than any file");
    assertFails(write(1, dict("<f4", "False", "(500000000,)"), new byte[8]), "cut short");
    assertFails(write(1, dict("<f4", "False", "(2147483647, 0)"), new byte[0]), "2 GiB");
  }

  @Test
  void filesOfTheWrongSizeAreRefused() throws IOException {
    byte[] whole = file(1, dict("<f4", "False", "(4,)"), new byte[16], 64);
    for (int length = 0; length < whole.length; length++) {
      Path file = Files.write(folder.resolve("short.npy"), Arrays.copyOf(whole, length));
      assertFails(file, "short.npy: ");
    }
    Path file = Files.write(folder.resolve("long.npy"), Arrays.copyOf(whole, whole.length + 1));
    assertFails(file, "needs 16 bytes of data, the file has 17");
  }

  @Test
  void aHugeHeaderIsRefusedUnread() throws IOException {
    byte[] start = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0, -1, -1, -1, -1};
    assertFails(Files.write(folder.resolve("a.npy"), start), "4294967295 bytes");
  }

  @Test
  void otherFilesAndVersionsAreRefused() throws IOException {
    assertFails(Files.writeString(folder.resolve("a.npy"), "PK and so on"), "not an .npy");
    byte[] next = file(1, dict("<f4", "False", "(1,)"), new byte[4], 64);
    next[6] = 4;
    assertFails(Files.write(folder.resolve("a.npy"), next), "version 4.0");
    assertFails(folder.resolve("none.npy"), "no such file");
    assertFails(folder, "is a folder");
  }

  @Test
  void aLengthInPython2sMannerIsRead() throws IOException {
    Path file = write(1, dict("<i4", "False", "(2L, 1L)"), encode("<i4", new double[] {8, 9}));
    assertArrayEquals(new int[] {8, 9}, Npy.read(file).toIntArray());
  }

  private static void assertFails(Path file, String part) {
    InputException e = assertThrows(InputException.class, () -> Npy.read(file));
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }

  private Path write(int version, String header, byte[] data) throws IOException {
    return Files.write(folder.resolve("a.npy"), file(version, header, data, 64));
  }

  static String dict(String descr, String fortran, String shape) {
    return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }";
  }

  static byte[] file(int version, String header, byte[] data, int alignment) throws IOException {
    int prefix = version == 1 ? 10 : 12;
    int padding = (alignment - (prefix + header.length() + 1) % alignment) % alignment;
    byte[] text = (header + " ".repeat(padding) + "\n").getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
    out.write(text.length & 0xff);
    out.write(text.length >> 8);
    out.write(new byte[prefix - 10]);
    out.write(text);
    out.write(data);
    return out.toByteArray();
  }

  static byte[] encode(String descr, double[] values) {
    boolean big = descr.charAt(0) == '>';
    ByteBuffer out = ByteBuffer.allocate(values.length * (descr.charAt(2) - '0'));
    out.order(big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      switch (descr.substring(1)) {
        case "f2" -> out.putShort(smallHalf(value));
        case "f4" -> out.putFloat((float) value);
        case "f8" -> out.putDouble(value);
        case "i1" -> out.put((byte) value);
        case "i2" -> out.putShort((short) value);
        case "i4" -> out.putInt((int) value);
        case "i8" -> out.putLong((long) value);
        default -> throw new IllegalArgumentException(descr);
      }
    }
    return out.array();
  }

  /** binary16 of a number that it holds exactly. */
  private static short smallHalf(double value) {
    int bits = Float.floatToIntBits((float) value);
    int exponent = (bits >> 23 & 0xff) - 127 + 15;
    return (short) (bits >> 16 & 0x8000 | exponent << 10 | bits >> 13 & 0x3ff);
  }

  private static float[] asFloats(Tensor tensor) {
    if (tensor.type() == Tensor.Type.FLOAT32) {
      return tensor.toFloatArray();
    }
    float[] values = new float[tensor.size()];
    for (int k = 0; k < values.length; k++) {
      values[k] = tensor.ints().get(k);
    }
    return values;
  }
}
