package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Pieces of an array of an .npz, unpacked as they are asked for. */
final class NpzSource implements ArraySource {
  private final Path file;
  private final String where;
  private final ZipFile zip;
  private final ZipEntry entry;
  private final CRC32 crc = new CRC32();
  private final InputStream in;
  private final NpyHeader header;
  private int at;

  private NpzSource(Path file, ZipFile zip, ZipEntry entry, String where) throws IOException {
    this.file = file;
    this.where = where;
    this.zip = zip;
    this.entry = entry;
    this.in = new CheckedInputStream(zip.getInputStream(entry), crc);
    this.header = NpyHeader.read(in, where);
    header.checkSize(entry.getSize() - header.offset(), where);
  }

  static ArraySource open(Path file, String name, int axis) {
    try {
      ZipFile zip = Npz.open(file);
      try {
        Npz.checkTotal(zip, file);
        ZipEntry entry = zip.getEntry(name + Npz.SUFFIX);
        if (entry == null) {
          throw new InputException(file + ": has no array '" + name + "'");
        }
        String where = file + ", entry '" + entry.getName() + "'";
        Npz.checkEntry(entry, where);
        NpzSource source = new NpzSource(file, zip, entry, where);
        boolean inOrder = axis == 0 && !(source.header.fortran() && source.shape().length > 1);
        return inOrder ? source : whole(source);
      } catch (IOException | RuntimeException e) {
        zip.close();
        throw e;
      }
    } catch (IOException e) {
      throw Npz.unreadable(file, e);
    }
  }

  private static ArraySource whole(NpzSource source) {
    try (source) {
      return ArraySource.of(source.readAll());
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
    return false;
  }

  @Override
  public void read(int axis, int first, Tensor target) {
    int[] shape = target.shape();
    int count = shape.length == 0 ? 1 : shape[0];
    int all = shape.length == 0 ? 1 : header.shape()[0];
    try {
      in.skipNBytes((first - at) * (all == 0 ? 0 : header.dataBytes() / all));
      NpyData.read(in, header.withShape(shape), where, target);
      at = first + count;
      if (at == all) {
        Npz.checkEnd(in, entry, crc, where);
      }
    } catch (IOException e) {
      throw Npz.unreadable(file, e);
    }
  }

  @Override
  public void close() {
    Npy.close(zip, file);
  }
}
