package dev.lethe.importer.keras;

import io.jhdf.Superblock;
import io.jhdf.exceptions.HdfException;
import io.jhdf.storage.HdfBackingStorage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;

/**
 * A file as jHDF reads it. Not by jHDF's own FileChannel: groups nested so deep that the stack
 * overflows may have it overflow inside of the channel's read, which then counts as going on, and
 * closing the channel waits for it for ever.
 */
final class FileStorage implements HdfBackingStorage {
  private final RandomAccessFile file;
  private final Superblock superblock;
  private final long size;

  FileStorage(RandomAccessFile file, Superblock superblock) throws IOException {
    this.file = file;
    this.superblock = superblock;
    this.size = file.length();
  }

  @Override
  public ByteBuffer readBufferFromAddress(long address, int length) {
    return read(address + getUserBlockSize(), length);
  }

  @Override
  public ByteBuffer map(long address, long length) {
    return read(address + getUserBlockSize(), length);
  }

  @Override
  public ByteBuffer mapNoOffset(long address, long length) {
    return read(address, length);
  }

  /** jHDF may read parts of an array from several threads. */
  private synchronized ByteBuffer read(long at, long length) {
    if (length > Integer.MAX_VALUE - Long.BYTES) {
      throw new HdfException(length + " bytes are too many for an array of Java");
    }
    byte[] bytes = new byte[(int) length];
    try {
      file.seek(at);
      file.readFully(bytes);
    } catch (IOException e) {
      throw new HdfException("it has been cut short, or cannot be read: " + e.getMessage(), e);
    }
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Override
  public long getUserBlockSize() {
    return superblock.getBaseAddressByte();
  }

  @Override
  public Superblock getSuperblock() {
    return superblock;
  }

  @Override
  public FileChannel getFileChannel() {
    throw new UnsupportedOperationException("only jHDF's writing asks for it");
  }

  @Override
  public int getSizeOfOffsets() {
    return superblock.getSizeOfOffsets();
  }

  @Override
  public int getSizeOfLengths() {
    return superblock.getSizeOfLengths();
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public boolean inMemory() {
    return true;
  }
}
