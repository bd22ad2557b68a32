package dev.lethe.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NpzTest {
  private static final int LOCAL_HEADER = 30;
  @TempDir Path folder;

  @Test
  void arraysComeBackInOrder() throws IOException {
    Map<String, Tensor> arrays = new LinkedHashMap<>();
    arrays.put("z", Tensor.of(new float[] {1.5f, -2}, 2, 1));
    arrays.put("/lstm/Y_h", Tensor.of(new int[] {3}, 1));
    arrays.put("a", Tensor.of(new float[] {4}));
    Path file = folder.resolve("a.npz");
    Npz.write(file, arrays);
    Map<String, Tensor> read = Npz.read(file);
    assertEquals(List.of("z", "/lstm/Y_h", "a"), List.copyOf(read.keySet()));
    assertArrayEquals(new float[] {1.5f, -2}, read.get("z").toFloatArray());
    assertArrayEquals(new int[] {2, 1}, read.get("z").shape());
    assertArrayEquals(new int[] {3}, read.get("/lstm/Y_h").toIntArray());
    assertEquals(0, read.get("a").rank());
    byte[] first = Files.readAllBytes(file);
    Npz.write(file, arrays);
    assertArrayEquals(first, Files.readAllBytes(file));
  }

  @Test
  void aNameThatCouldNotBeReadIsNotWritten() {
    Path file = folder.resolve("y.npz");
    assertThrows(
        InputException.class, () -> Npz.write(file, Map.of("", Tensor.of(new float[] {1}, 1))));
    assertFalse(Files.exists(file));
  }

  @Test
  void deflatedArchivesAreRead() throws IOException {
    float[] values = new float[100_000];
    for (int k = 0; k < values.length; k++) {
      values[k] = k % 7;
    }
    ByteArrayOutputStream array = new ByteArrayOutputStream();
    Npy.write(array, Tensor.of(values, 1000, 100));
    Path file = zip("x.npy", array.toByteArray());
    assertTrue(Files.size(file) < array.size() / 4);
    assertArrayEquals(values, Npz.read(file).get("x").toFloatArray());
  }

  @Test
  void anEntryThatIsNoArrayIsRefused() throws IOException {
    assertFails(zip("x.txt", new byte[3]), "entry 'x.txt': not an array");
    assertFails(zip("x.npy", new byte[300]), "not an .npy array");
    byte[] damaged = NpyTest.file(1, NpyTest.dict("<f4", "False", "(9,)"), new byte[8], 64);
    assertFails(zip("x.npy", damaged), "needs 36 bytes of data, the file has 8");
  }

  @Test
  void filesThatAreNoArchivesAreRefused() throws IOException {
    assertFails(Files.writeString(folder.resolve("a.npz"), "not a zip"), "not an .npz archive");
    assertFails(Files.write(folder.resolve("a.npz"), new byte[0]), "not an .npz archive");
    assertFails(folder.resolve("none.npz"), "no such file");
  }

  @Test
  void aShortenedArchiveIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(zip("x.npy", array(40)));
    for (int length = 0; length < whole.length; length += 5) {
      assertFails(Files.write(folder.resolve("a.npz"), Arrays.copyOf(whole, length)), "a.npz");
    }
  }

  @Test
  void damagedDataFailTheChecksum() throws IOException {
    Path file = folder.resolve("a.npz");
    Npz.write(file, Map.of("x", Tensor.of(new float[] {1, 2, 3, 4}, 4)));
    byte[] bytes = Files.readAllBytes(file);
    bytes[LOCAL_HEADER + "x.npy".length() + 128 + 5] ^= 1;
    assertFails(Files.write(file, bytes), "checksum");
  }

  @Test
  void anEntryThatClaimsMoreThanDeflateCanHoldIsRefused() throws IOException {
    byte[] header = NpyTest.file(1, NpyTest.dict("<f4", "False", "(500000000,)"), new byte[0], 64);
    byte[] bytes = Files.readAllBytes(zip("x.npy", header));
    ByteBuffer directory = centralDirectory(bytes);
    directory.putInt(directory.position() + 24, 2_000_000_128);
    assertFails(Files.write(folder.resolve("a.npz"), bytes), "more than it can hold");
  }

  @Test
  void anEntryThatHoldsMoreThanItClaimsIsRefused() throws IOException {
    byte[] padded = Arrays.copyOf(array(4), 128 + 16 + 5000);
    byte[] bytes = Files.readAllBytes(zip("x.npy", padded));
    ByteBuffer directory = centralDirectory(bytes);
    directory.putInt(directory.position() + 24, 128 + 16);
    assertFails(Files.write(folder.resolve("a.npz"), bytes), "entry 'x.npy'");
  }

  @Test
  void otherCompressionIsRefused() throws IOException {
    byte[] bytes = Files.readAllBytes(zip("x.npy", array(4)));
    ByteBuffer directory = centralDirectory(bytes);
    directory.putShort(directory.position() + 10, (short) 12);
    assertFails(Files.write(folder.resolve("a.npz"), bytes), "method");
  }

  @Test
  void whateverIsDamagedFailsAsBadInput() throws IOException {
    Random random = new Random(11);
    byte[] plain = array(6);
    byte[] stored = Files.readAllBytes(npz("stored"));
    byte[] deflated = Files.readAllBytes(zip("x.npy", plain));
    int refused = 0;
    for (int round = 0; round < 1500; round++) {
      byte[] damaged = List.of(plain, stored, deflated).get(round % 3).clone();
      for (int k = 0; k <= round % 4; k++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      Path file = Files.write(folder.resolve("damaged"), damaged);
      try {
        assertNotNull(round % 3 == 0 ? Npy.read(file) : Npz.read(file));
      } catch (InputException e) {
        refused++;
        assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
      }
    }
    assertTrue(refused > 500, refused + " of 1500 refused");
  }

  private Path npz(String name) {
    Path file = folder.resolve(name);
    Npz.write(
        file, Map.of("a", Tensor.of(new float[] {1, 2}, 2), "b", Tensor.of(new int[] {3}, 1)));
    return file;
  }

  private static byte[] array(int count) throws IOException {
    float[] values = new float[count];
    for (int k = 0; k < count; k++) {
      values[k] = k + 0.5f;
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Npy.write(out, Tensor.of(values, count));
    return out.toByteArray();
  }

  private Path zip(String name, byte[] content) throws IOException {
    Path file = folder.resolve("a.npz");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry(name));
      zip.write(content);
      zip.closeEntry();
    }
    return file;
  }

  private static ByteBuffer centralDirectory(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int at = bytes.length - 22;
    while (buffer.getInt(at) != 0x06054b50) {
      at--;
    }
    return buffer.position(buffer.getInt(at + 16));
  }

  private static void assertFails(Path file, String part) {
    InputException e = assertThrows(InputException.class, () -> Npz.read(file));
    assertTrue(e.getMessage().contains(part), e.getMessage());
    assertFalse(e.getMessage().contains("\n"), e.getMessage());
  }
}
