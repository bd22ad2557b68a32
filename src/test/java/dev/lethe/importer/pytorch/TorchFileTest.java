package dev.lethe.importer.pytorch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.ModelFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of torch.save that PyTorch never wrote: damaged, hostile, or of another byte order. */
class TorchFileTest {
  private static final Path FIXTURES = Path.of("src/test/resources/dev/lethe/importer/pytorch");

  /** Opens a dictionary and its first tensor up to the storage; the storage is made of 6 floats. */
  private static final String STORAGE =
      "\u0080\u0002}X\1\0\0\0wctorch._utils\n_rebuild_tensor_v2\n(("
          + "X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\6tQ";

  private static final String END = "\u0089ccollections\nOrderedDict\n)RtRs.";

  @TempDir Path folder;

  @Test
  void stridesAndOffsets() throws IOException {
    TorchFile whole = open(tensor("K\0", "K\2K\3", "K\3K\1"), ByteOrder.LITTLE_ENDIAN);
    assertEquals(6f, whole.matrix("w").at(1, 2));
    TorchFile transposed = open(tensor("K\1", "K\2K\2", "K\1K\3"), ByteOrder.LITTLE_ENDIAN);
    assertEquals("2x2", transposed.matrix("w").toString());
    assertEquals(5f, transposed.matrix("w").at(0, 1));
    assertEquals(3f, transposed.matrix("w").at(1, 0));
  }

  @Test
  void theOtherByteOrder() throws IOException {
    TorchFile file = open(tensor("K\0", "K\2K\3", "K\3K\1"), ByteOrder.BIG_ENDIAN);
    assertEquals(4f, file.matrix("w").at(1, 0));
  }

  @Test
  void noTensorReachesBeyondItsStorage() throws IOException {
    for (String beyond :
        new String[] {
          tensor("K\1", "K\2K\3", "K\3K\1"),
          tensor("K\0", "K\2K\3", "K\4K\1"),
          tensor("K\6", "K\1K\1", "K\1K\1"),
          tensor("K\0", "K\7K\1", "K\0K\0"),
          tensor("J\u00ff\u00ff\u00ff\u00ff", "K\1K\1", "K\1K\1")
        }) {
      assertTrue(refusal(beyond).contains("reaches beyond its storage of 6"), refusal(beyond));
    }
    String huge = "\u008a\10\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\177";
    assertTrue(refusal(tensor("K\0", huge + "K\3", "K\3K\1")).contains("beyond all measure"));
    assertTrue(refusal(tensor("K\0", "K\2K\3", huge + "K\1")).contains("beyond"));
    assertTrue(
        refusal(tensor("K\0", "K\2", "K\1").replace("K\6t", "K\7t")).contains("has 24 bytes"));
  }

  /** A shape may be recalled by any number of tensors, so a long one would be copied that often. */
  @Test
  void aTensorHasNoMoreAxesThanPytorchAllows() throws IOException {
    String ones = "K\1".repeat(65);
    assertTrue(refusal(tensor("K\0", ones, ones)).contains("tensor of 65 axes"));
  }

  @Test
  void namesAndOpcodesAreRefusedByName() throws IOException {
    assertRefused("\u0080\2cos\nsystem\nX\2\0\0\0ls\u0085R.", "names os.system, which is no part");
    assertRefused("\u0080\2cbuiltins\neval\n.", "names builtins.eval");
    assertRefused("\u0080\2)\u0081.", "opcode NEWOBJ");
    assertRefused("\u0080\2(ios\nsystem\n.", "opcode INST");
    assertRefused("\u0080\2U\2os\u0093.", "opcode SHORT_BINSTRING");
    assertRefused("\u0080\2]", "opcode EMPTY_LIST");
    assertRefused("\u0080\2\u00f0.", "opcode 0xf0");
    assertRefused("\u0080\4}.", "protocol 4");
    assertRefused("\u0080\2K\5.", "holds a number, not a dictionary");
    assertRefused("\u0080\2}ctorch\nFloatStorage\n)R.", "calls torch.FloatStorage");
    assertRefused("\u0080\2}K\1K\1s.", "has a number as a name");
    assertRefused("\u0080\2h\7.", "recalls what it never stored");
    assertRefused("\u0080\2t.", "lacks a mark");
    assertRefused("\u0080\2}(\u0085.", "empty stack");
    assertRefused("\u0080\2X\u00ff\u00ff\u00ff\177a.", "ends early");
    assertRefused("\u0080\2}q\0X\1\0\0\0ah\0s.", "'a' is a dictionary, not a tensor");
  }

  @Test
  void everyCutAndEveryChangedByteIsReadOrRefused() throws IOException {
    byte[] whole = Files.readAllBytes(FIXTURES.resolve("strides/model.pt"));
    Path file = folder.resolve("damaged.pt");
    for (int length = 0; length < whole.length; length += 7) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThrows(ModelFormatException.class, () -> StateDictNetwork.of(TorchFile.open(file)));
    }
    int refused = 0;
    for (int k = 0; k < whole.length; k += 3) {
      byte[] changed = whole.clone();
      changed[k] ^= (byte) (1 << k % 8);
      Files.write(file, changed);
      try {
        StateDictNetwork.of(TorchFile.open(file));
      } catch (ModelFormatException e) {
        refused++;
      }
    }
    assertTrue(refused > whole.length / 12, "only " + refused + " refused");
  }

  @Test
  void everyChangedByteOfThePickleIsReadOrRefused() throws IOException {
    byte[] pickle = TorchArchive.open(FIXTURES.resolve("strides/model.pt")).pickle();
    for (int k = 0; k < pickle.length; k++) {
      for (int bit = 0; bit < 8; bit++) {
        byte[] changed = pickle.clone();
        changed[k] ^= (byte) (1 << bit);
        try {
          TensorPickle.read(changed, "changed");
        } catch (ModelFormatException e) {
          assertTrue(e.getMessage().startsWith("changed: the pickle "), e.getMessage());
        }
      }
    }
  }

  @Test
  void archivesOfAnotherKindAreRefused() throws IOException {
    Path file = folder.resolve("model.pt");
    write(file, tensor("K\0", "K\6", "K\1"), ByteOrder.LITTLE_ENDIAN, ZipEntry.DEFLATED);
    assertTrue(message(file).contains("is compressed"), message(file));
    Files.writeString(file, "not a file of torch.save");
    assertTrue(message(file).contains("not a file of torch.save"), message(file));
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry("readme.txt"));
    }
    assertTrue(message(file).contains("has no data.pkl"), message(file));
    write(
        file,
        tensor("K\0", "K\6", "K\1").replace("\1\0\0\0000", "\4\0\0\0../0"),
        ByteOrder.LITTLE_ENDIAN,
        ZipEntry.STORED);
    assertTrue(message(file).contains("entry 'model/data/../0': is missing"), message(file));
  }

  private static String tensor(String offset, String shape, String strides) {
    return STORAGE + offset + "(" + shape + "t(" + strides + "t" + END;
  }

  private void assertRefused(String pickle, String part) throws IOException {
    String message = refusal(pickle);
    assertTrue(message.contains(part) && message.lines().count() == 1, message);
  }

  private String refusal(String pickle) throws IOException {
    Path file = folder.resolve("model.pt");
    write(file, pickle, ByteOrder.LITTLE_ENDIAN, ZipEntry.STORED);
    return message(file);
  }

  private static String message(Path file) {
    return assertThrows(ModelFormatException.class, () -> TorchFile.open(file)).getMessage();
  }

  private TorchFile open(String pickle, ByteOrder order) throws IOException {
    Path file = folder.resolve("model.pt");
    write(file, pickle, order, ZipEntry.STORED);
    return TorchFile.open(file);
  }

  private static void write(Path file, String pickle, ByteOrder order, int method)
      throws IOException {
    ByteBuffer numbers = ByteBuffer.allocate(24).order(order);
    for (int k = 1; k <= 6; k++) {
      numbers.putFloat(k);
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      put(zip, "model/data.pkl", pickle.getBytes(StandardCharsets.ISO_8859_1), method);
      String name = order == ByteOrder.BIG_ENDIAN ? "big" : "little";
      put(zip, "model/byteorder", name.getBytes(StandardCharsets.US_ASCII), method);
      put(zip, "model/data/0", numbers.array(), method);
    }
    Files.write(file, bytes.toByteArray());
  }

  private static void put(ZipOutputStream zip, String name, byte[] bytes, int method)
      throws IOException {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(method);
    entry.setSize(bytes.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }
}
