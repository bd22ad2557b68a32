package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * An .npy file that is written piece by piece, at the pieces' places, and has its full length from
 * the beginning. For one thread at a time.
 */
public final class NpyPart implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;
  private final int[] shape;
  private final int offset;

  private NpyPart(Path file, FileChannel channel, int[] shape, int offset) {
    this.file = file;
    this.channel = channel;
    this.shape = shape;
    this.offset = offset;
  }

  /**
   * Makes the file; one of that name is replaced.
   *
   * @param file in a folder that is there
   * @param type what an element is
   * @param shape lengths of the axes, at least one
   * @return to be closed
   * @throws InputException when it cannot be written, or there is no room for it
   */
  public static NpyPart create(Path file, Tensor.Type type, int... shape) {
    byte[] header = NpyHeader.encode(NpyElement.of(type), shape);
    long bytes = header.length + dataBytes(shape);
    try {
      Files.deleteIfExists(file);
      long room = Files.getFileStore(file.toAbsolutePath().getParent()).getUsableSpace();
      if (room < bytes) {
        throw new InputException(
            file
                + ": needs "
                + bytes
                + " bytes, the disk has "
                + room
                + "; make room there, or write elsewhere");
      }
      FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      NpyPart part = new NpyPart(file, channel, shape.clone(), header.length);
      try {
        part.writeAt(ByteBuffer.wrap(header), 0);
        if (bytes > header.length) {
          part.writeAt(ByteBuffer.allocate(1), bytes - 1);
        }
      } catch (IOException e) {
        channel.close();
        throw e;
      }
      return part;
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /**
   * Opens a file that {@link #create} made in an earlier process.
   *
   * @param file as it was given then
   * @param type as it was given then
   * @param shape as it was given then
   * @return to be closed
   * @throws InputException when there is no such file, or it is not of this type and shape
   */
  public static NpyPart reopen(Path file, Tensor.Type type, int... shape) {
    byte[] header = NpyHeader.encode(NpyElement.of(type), shape);
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      byte[] there = new byte[header.length];
      int read = channel.read(ByteBuffer.wrap(there), 0);
      if (read < there.length
          || !Arrays.equals(there, header)
          || channel.size() != header.length + dataBytes(shape)) {
        channel.close();
        throw new InputException(file + ": is not what was left there; run without --resume");
      }
      return new NpyPart(file, channel, shape.clone(), header.length);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /**
   * Writes a piece.
   *
   * @param axis along which the array is cut
   * @param first where the piece begins on this axis
   * @param piece of the file's shape but for this axis
   * @throws InputException when it cannot be written
   */
  public void write(int axis, int first, Tensor piece) {
    long inner = Tensor.Type.BYTES;
    for (int k = axis + 1; k < shape.length; k++) {
      inner *= shape[k];
    }
    int run = (int) (inner * piece.dimension(axis));
    ByteBuffer bytes = Npy.littleEndian(piece);
    try {
      for (long row = 0; bytes.position() < bytes.capacity(); row++) {
        bytes.limit(bytes.position() + run);
        writeAt(bytes, offset + (row * shape[axis] + first) * inner);
      }
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /**
   * Waits until everything written is on the disk.
   *
   * @throws InputException when the disk does not take it
   */
  public void force() {
    try {
      channel.force(false);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private void writeAt(ByteBuffer bytes, long at) throws IOException {
    long into = at;
    while (bytes.hasRemaining()) {
      into += channel.write(bytes, into);
    }
  }

  private static long dataBytes(int[] shape) {
    long bytes = Tensor.Type.BYTES;
    for (int length : shape) {
      bytes = Math.multiplyExact(bytes, (long) length);
    }
    return bytes;
  }

  private static InputException unwritable(Path file, IOException e) {
    return new InputException(file + ": cannot be written: " + Npy.reason(e), e);
  }
}
