package dev.lethe.io;

import dev.lethe.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What an .npy file says about itself before its data (NumPy Enhancement Proposal 1, versions 1.0
 * to 3.0).
 *
 * @param element what an element is in the file
 * @param bigEndian whether its bytes stand with the highest first
 * @param fortran whether the first axis varies fastest
 * @param shape the lengths of the axes
 * @param offset where the data begin, in bytes
 */
record NpyHeader(NpyElement element, boolean bigEndian, boolean fortran, int[] shape, int offset) {
  /** More than any array needs; NumPy itself stops at 10,000 characters unless told otherwise. */
  static final int MAX_TEXT = 1 << 16;

  static final int MAX_RANK = 32;
  private static final int ALIGNMENT = 64;
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};

  /**
   * Reads up to where the data begin.
   *
   * @param where the file, for messages
   */
  static NpyHeader read(InputStream in, String where) throws IOException {
    byte[] start = in.readNBytes(MAGIC.length + 2);
    if (start.length < MAGIC.length + 2
        || !Arrays.equals(MAGIC, Arrays.copyOf(start, MAGIC.length))) {
      throw new InputException(where + ": not an .npy array; it must begin with \\x93NUMPY");
    }
    int version = start[MAGIC.length];
    if (version < 1 || version > 3 || start[MAGIC.length + 1] != 0) {
      throw new InputException(
          where
              + ": .npy version "
              + version
              + "."
              + start[MAGIC.length + 1]
              + " is not known; versions 1.0 to 3.0 are");
    }
    int lengthBytes = version == 1 ? 2 : 4;
    long length = littleEndian(exactly(in, lengthBytes, where));
    if (length > MAX_TEXT) {
      throw new InputException(
          where
              + ": the header says that it is "
              + length
              + " bytes long; at most "
              + MAX_TEXT
              + " are read");
    }
    String text =
        new String(
            exactly(in, (int) length, where),
            version == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1);
    int offset = start.length + lengthBytes + (int) length;
    return new NpyHeaderText(text, where).parse(offset);
  }

  /** Number of elements. */
  long count() {
    long count = 1;
    for (int length : shape) {
      count = Math.multiplyExact(count, (long) length);
    }
    return count;
  }

  /** Bytes of data that follow the header. */
  long dataBytes() {
    return Math.multiplyExact(count(), (long) element.bytes());
  }

  /** Whether the data are what a tensor holds, byte for byte. */
  boolean isPlain() {
    boolean sameElements = element == NpyElement.F4 || element == NpyElement.I4;
    boolean nativeOrder = bigEndian == (ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN);
    return sameElements && nativeOrder && (!fortran || shape.length <= 1);
  }

  /** The same array cut to another shape. */
  NpyHeader withShape(int... other) {
    return new NpyHeader(element, bigEndian, fortran, other, offset);
  }

  /**
   * Holds the shape against what is there.
   *
   * @param available bytes after the header
   */
  void checkSize(long available, String where) {
    long needed;
    try {
      needed = dataBytes();
    } catch (ArithmeticException e) {
      throw new InputException(
          where + ": shape " + Arrays.toString(shape) + " is larger than any file", e);
    }
    if (needed != available) {
      throw new InputException(
          where
              + ": shape "
              + Arrays.toString(shape)
              + " of "
              + element
              + " needs "
              + needed
              + " bytes of data, the file has "
              + available
              + (needed > available ? "; it is cut short" : ""));
    }
  }

  /** The header that NumPy would write for little-endian C order, version 1.0. */
  static byte[] encode(NpyElement element, int[] shape) {
    String axes =
        Arrays.stream(shape).mapToObj(Integer::toString).collect(Collectors.joining(", "));
    String dict =
        "{'descr': '<"
            + element.code()
            + "', 'fortran_order': False, 'shape': ("
            + axes
            + (shape.length == 1 ? "," : "")
            + "), }";
    int prefix = MAGIC.length + 4;
    int total = (prefix + dict.length() + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    byte[] header = new byte[total];
    Arrays.fill(header, (byte) ' ');
    System.arraycopy(MAGIC, 0, header, 0, MAGIC.length);
    header[MAGIC.length] = 1;
    header[MAGIC.length + 1] = 0;
    header[MAGIC.length + 2] = (byte) (total - prefix);
    header[MAGIC.length + 3] = (byte) ((total - prefix) >> 8);
    byte[] text = dict.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, header, prefix, text.length);
    header[total - 1] = '\n';
    return header;
  }

  private static byte[] exactly(InputStream in, int count, String where) throws IOException {
    byte[] bytes = in.readNBytes(count);
    if (bytes.length < count) {
      throw new InputException(where + ": the file ends within the header; it is cut short");
    }
    return bytes;
  }

  private static long littleEndian(byte[] bytes) {
    long value = 0;
    for (int k = bytes.length - 1; k >= 0; k--) {
      value = value << 8 | bytes[k] & 0xff;
    }
    return value;
  }
}
