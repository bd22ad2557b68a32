package dev.lethe.io;

import dev.lethe.Tensor;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Objects;

/**
 * Pieces of an .npy of any size. Read, not mapped: a mapped page stays in this process's memory
 * until the collector finds that nobody uses it, so that no budget could be kept.
 */
final class NpySource implements ArraySource {
  private final Path file;
  private final FileChannel channel;
  private final NpyHeader header;

  private NpySource(Path file, FileChannel channel, NpyHeader header) {
    this.file = file;
    this.channel = channel;
    this.header = header;
  }

  static NpySource open(Path file) {
    GivenFile.require(file, "the path of an .npy array");
    try {
      FileChannel channel = FileChannel.open(file);
      try {
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel), 1 << 10);
        NpyHeader header = NpyHeader.read(in, file.toString());
        header.checkSize(channel.size() - header.offset(), file.toString());
        return new NpySource(file, channel, header);
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
    } catch (IOException e) {
      throw Npy.unreadable(file, e);
    }
  }

  @Override
  public Tensor.Type type() {
    return header.element().type();
  }

  @Override
  public int[] shape() {
    return header.shape().clone();
  }

  @Override
  public boolean isRandom() {
    return true;
  }

  @Override
  public void read(int axis, int first, Tensor target) {
    Runs runs = new Runs(axis, first, target.rank() == 0 ? 1 : target.dimension(axis));
    try {
      if (header.isPlain()) {
        ByteBuffer bytes = target.bytes();
        while (bytes.hasRemaining()) {
          if (runs.read(bytes) < 0) {
            throw new EOFException("it has been cut short");
          }
        }
      } else {
        NpyData.read(runs, header.withShape(target.shape()), file.toString(), target);
      }
    } catch (IOException e) {
      throw Npy.unreadable(file, e);
    }
  }

  @Override
  public void close() {
    Npy.close(channel, file);
  }

  /** The bytes of a piece, in the file's order: one run of them for each place on outer axes. */
  private final class Runs extends InputStream {
    private final long stride;
    private final long length;
    private final long count;
    private final long start;
    private long run;
    private long at;

    Runs(int axis, int first, int lengths) {
      int[] shape = header.shape();
      long outer = 1;
      long inner = header.element().bytes();
      for (int k = 0; k < shape.length; k++) {
        if (header.fortran() ? k > axis : k < axis) {
          outer *= shape[k];
        } else if (k != axis) {
          inner *= shape[k];
        }
      }
      stride = inner * (shape.length == 0 ? 1 : shape[axis]);
      length = inner * lengths;
      count = outer;
      start = header.offset() + inner * first;
    }

    /** Reads some bytes, none beyond the run. */
    int read(ByteBuffer into) throws IOException {
      if (at == length) {
        run++;
        at = 0;
      }
      if (run >= count || length == 0) {
        return -1;
      }
      int limit = into.limit();
      into.limit((int) Math.min(limit, into.position() + length - at));
      int done = channel.read(into, start + run * stride + at);
      into.limit(limit);
      at += Math.max(0, done);
      return done;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, bytes.length);
      return length == 0 ? 0 : read(ByteBuffer.wrap(bytes, offset, length));
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }
  }
}
