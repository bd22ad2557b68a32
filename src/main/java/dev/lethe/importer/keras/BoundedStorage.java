package dev.lethe.importer.keras;

import io.jhdf.HdfFile;
import io.jhdf.Superblock;
import io.jhdf.exceptions.HdfException;
import io.jhdf.storage.HdfBackingStorage;
import io.jhdf.storage.HdfInMemoryByteBuffer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file as jHDF reads it, within bounds: no read beyond its end, and no more reads and bytes in
 * all than a sound file of this size needs. Without, groups and trees that lead back to themselves
 * keep the library busy for ever, and a length in the file decides how much memory it takes.
 */
final class BoundedStorage implements HdfBackingStorage {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

  /** The superblock's greatest length, which is read before anything else. */
  private static final int SUPERBLOCK = 128;

  private final HdfBackingStorage inner;
  private final AtomicLong reads;
  private final AtomicLong bytes;

  private BoundedStorage(HdfBackingStorage inner) {
    this.inner = inner;
    this.reads = new AtomicLong((1 << 17) + inner.size() / 16);
    this.bytes = new AtomicLong((1 << 20) + 64 * inner.size());
  }

  /** Opens a file of any size. */
  static BoundedStorage open(Path path) throws IOException {
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
    try {
      long at = 0;
      ByteBuffer start = start(file, at);
      while (!signed(start)) {
        at = next(at, file.length());
        start = start(file, at);
      }
      return new BoundedStorage(new FileStorage(file, superblock(start, at)));
    } catch (IOException | RuntimeException | Error e) {
      file.close();
      throw e;
    }
  }

  /** Opens a file in memory. */
  static BoundedStorage open(byte[] file) {
    long at = 0;
    while (!signed(start(file, at))) {
      at = next(at, file.length);
    }
    Superblock superblock = superblock(start(file, at), at);
    return new BoundedStorage(new HdfInMemoryByteBuffer(ByteBuffer.wrap(file), superblock));
  }

  /** Where the signature stands if not there: at 0, or at 512 times a power of two. */
  private static long next(long at, long size) {
    long next = at == 0 ? 512 : 2 * at;
    if (next >= size) {
      throw new HdfException("it has no signature of HDF5");
    }
    return next;
  }

  private static ByteBuffer start(RandomAccessFile file, long at) throws IOException {
    byte[] start = new byte[(int) Math.max(0, Math.min(SUPERBLOCK, file.length() - at))];
    file.seek(at);
    file.readFully(start);
    return ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer start(byte[] file, long at) {
    int end = (int) Math.min(file.length, at + SUPERBLOCK);
    return ByteBuffer.wrap(Arrays.copyOfRange(file, (int) Math.min(at, end), end))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private static boolean signed(ByteBuffer start) {
    return start.remaining() > SIGNATURE.length
        && ByteBuffer.wrap(SIGNATURE).equals(start.slice(0, SIGNATURE.length));
  }

  private static Superblock superblock(ByteBuffer start, long at) {
    Superblock superblock = Superblock.readSuperblock(start);
    if (superblock.getBaseAddressByte() != at) {
      throw new HdfException("its base address is wrong");
    }
    return superblock;
  }

  /**
   * What is in it; need not be closed. jHDF takes storage of its own kinds only, but for this
   * constructor.
   */
  HdfFile file() {
    try {
      Constructor<HdfFile> constructor =
          HdfFile.class.getDeclaredConstructor(HdfBackingStorage.class);
      constructor.setAccessible(true);
      return constructor.newInstance(this);
    } catch (InvocationTargetException e) {
      Throwable cause = e.getTargetException();
      throw new HdfException(String.valueOf(cause.getMessage()), cause);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("jHDF is another than that which Lethe is built with", e);
    }
  }

  private void check(long address, long length) {
    boolean inside = address >= 0 && length >= 0 && length <= size() && address <= size() - length;
    if (!inside) {
      throw new HdfException("bytes " + address + " and on, " + length + ", are not in the file");
    }
    if (reads.decrementAndGet() < 0 || bytes.addAndGet(-length) < 0) {
      throw new HdfException("its parts lead to each other without an end");
    }
  }

  @Override
  public ByteBuffer readBufferFromAddress(long address, int length) {
    check(address + getUserBlockSize(), length);
    return inner.readBufferFromAddress(address, length);
  }

  @Override
  public ByteBuffer map(long address, long length) {
    check(address + getUserBlockSize(), length);
    return inner.map(address, length);
  }

  @Override
  public ByteBuffer mapNoOffset(long address, long length) {
    check(address, length);
    return inner.mapNoOffset(address, length);
  }

  @Override
  public long getUserBlockSize() {
    return inner.getUserBlockSize();
  }

  @Override
  public Superblock getSuperblock() {
    return inner.getSuperblock();
  }

  @Override
  public FileChannel getFileChannel() {
    return inner.getFileChannel();
  }

  @Override
  public int getSizeOfOffsets() {
    return inner.getSizeOfOffsets();
  }

  @Override
  public int getSizeOfLengths() {
    return inner.getSizeOfLengths();
  }

  @Override
  public void close() {
    inner.close();
  }

  @Override
  public long size() {
    return inner.size();
  }

  /** So that nobody looks for a path, nor for other files beside it. */
  @Override
  public boolean inMemory() {
    return true;
  }
}
