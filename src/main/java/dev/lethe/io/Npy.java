package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * One array in a file (NumPy's .npy, versions 1.0 to 3.0).
 *
 * <p>Floats of 16, 32 and 64 bits become FLOAT32; integers and booleans become INT32, and one that
 * exceeds 32 bits is refused. A file in this machine's byte order and C order that needs no
 * conversion is mapped, not read: it must not be shortened while its tensor is in use.
 */
public final class Npy {
  private static final int ALIGNMENT = 64;

  private Npy() {}

  /**
   * Reads or maps an array.
   *
   * @param file an .npy
   * @return of the shape that the file says; read-only if it is mapped
   * @throws InputException when there is no such file, it is damaged, or it holds something that
   *     does not fit
   */
  public static Tensor read(Path file) {
    GivenFile.require(file, "the path of an .npy array");
    try (FileChannel channel = FileChannel.open(file)) {
      InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 1 << 16);
      NpyHeader header = NpyHeader.read(in, file.toString());
      header.checkSize(channel.size() - header.offset(), file.toString());
      return mappable(header)
          ? map(channel, header, file)
          : NpyData.read(in, header, file.toString());
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Writes an array, little-endian in C order, version 1.0. The file appears whole or not at all.
   *
   * @param file where it goes, in a folder that is there
   * @param tensor of either type and any shape
   * @throws InputException when the file cannot be written
   */
  public static void write(Path file, Tensor tensor) {
    try (WholeFiles files = new WholeFiles()) {
      files.add(file, out -> write(out, tensor));
      files.commit();
    }
  }

  /**
   * Writes header and data to a stream.
   *
   * @param out left open
   * @param tensor of either type and any shape
   * @throws IOException when the stream throws it
   */
  public static void write(OutputStream out, Tensor tensor) throws IOException {
    out.write(NpyHeader.encode(NpyElement.of(tensor.type()), tensor.shape()));
    Channels.newChannel(out).write(littleEndian(tensor));
  }

  /** The elements' bytes, lowest first. */
  static ByteBuffer littleEndian(Tensor tensor) {
    if (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN) {
      return tensor.bytes();
    }
    ByteBuffer swapped =
        ByteBuffer.allocate(tensor.bytes().capacity()).order(ByteOrder.LITTLE_ENDIAN);
    swapped.asIntBuffer().put(tensor.bytes().asIntBuffer());
    return swapped;
  }

  /** What to say of a file or folder that cannot be read. */
  static InputException unreadable(Path file, IOException e) {
    return new InputException(file + ": cannot be read: " + reason(e), e);
  }

  /** Closes what was only read: that it fails loses nothing, so it is logged. */
  static void close(Closeable open, Path file) {
    try {
      open.close();
    } catch (IOException e) {
      System.getLogger("dev.lethe").log(System.Logger.Level.WARNING, file + " stays open", e);
    }
  }

  static String reason(IOException e) {
    if (e instanceof ClosedByInterruptException) {
      return "the thread was interrupted";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private static boolean mappable(NpyHeader header) {
    boolean aligned = header.offset() % ALIGNMENT == 0;
    boolean sizeFits = header.dataBytes() > 0 && header.dataBytes() <= Integer.MAX_VALUE;
    return header.isPlain() && aligned && sizeFits;
  }

  private static Tensor map(FileChannel channel, NpyHeader header, Path file) throws IOException {
    ByteBuffer data =
        channel.map(FileChannel.MapMode.READ_ONLY, header.offset(), header.dataBytes());
    try {
      return Tensor.wrap(data, header.element().type(), header.shape());
    } catch (InputException e) {
      throw new InputException(file + ": " + e.getMessage(), e);
    }
  }
}
