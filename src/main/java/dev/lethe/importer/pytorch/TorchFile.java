package dev.lethe.importer.pytorch;

import dev.lethe.ModelFormatException;
import dev.lethe.importer.HalfPrecision;
import dev.lethe.network.Matrix;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A dictionary of tensors as torch.save writes it (PyTorch 1.6 and later): an archive of a pickle
 * that describes the tensors and of one entry of raw numbers for each storage.
 */
final class TorchFile implements StateDict {
  /** How often one storage may be used over: tied weights do so, and bombs. */
  private static final long MOST_USES = 16;

  private final TorchArchive archive;
  private final Map<String, Storage.View> tensors;

  /** Tensors often share one storage, so the last one read is kept. */
  private String lastKey = "";

  private ByteBuffer lastBytes = ByteBuffer.allocate(0);

  private TorchFile(TorchArchive archive, Map<String, Storage.View> tensors) {
    this.archive = archive;
    this.tensors = tensors;
  }

  /**
   * Reads the description of the tensors.
   *
   * @throws ModelFormatException when the file is damaged, of the format before PyTorch 1.6, or
   *     holds anything else than a dictionary of tensors
   */
  static TorchFile open(Path file) {
    TorchArchive archive = TorchArchive.open(file);
    String where = file + ", data.pkl";
    TorchFile torch = new TorchFile(archive, TensorPickle.read(archive.pickle(), where));
    torch.checkSizes();
    return torch;
  }

  @Override
  public Path file() {
    return archive.file();
  }

  @Override
  public String format() {
    return "torch.save";
  }

  @Override
  public List<String> names() {
    return List.copyOf(tensors.keySet());
  }

  @Override
  public boolean has(String name) {
    return tensors.containsKey(name);
  }

  /** None: a file of torch.save says nothing about itself. */
  @Override
  public Map<String, String> metadata() {
    return Map.of();
  }

  @Override
  public Matrix matrix(String name) {
    Storage.View view = tensor(name);
    int rank = view.shape().size();
    if (rank < 1 || rank > 2) {
      throw error(name, "has " + rank + " axes; weights that Lethe reads have one or two");
    }
    long rows = rank == 2 ? view.shape().get(0) : 1;
    long columns = view.shape().get(rank - 1);
    if (rows < 1 || columns < 1 || rows * columns > Integer.MAX_VALUE / Float.BYTES) {
      throw error(name, "is empty, or larger than 2 GiB in single precision");
    }
    long rowStride = rank == 2 ? view.strides().get(0) : 0;
    long columnStride = view.strides().get(rank - 1);
    ByteBuffer numbers = numbers(view.storage());
    float[] values = new float[(int) (rows * columns)];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        long at = view.offset() + row * rowStride + column * columnStride;
        values[row * (int) columns + column] = number(numbers, view.storage().type(), (int) at);
      }
    }
    return Matrix.of((int) rows, (int) columns, values);
  }

  private Storage.View tensor(String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  private ByteBuffer numbers(Storage storage) {
    if (!storage.key().equals(lastKey)) {
      lastBytes = archive.storage(storage.key());
      lastKey = storage.key();
    }
    return lastBytes;
  }

  private static float number(ByteBuffer bytes, Storage.Type type, int at) {
    return switch (type) {
      case FLOAT -> bytes.getFloat(at * Float.BYTES);
      case DOUBLE -> (float) bytes.getDouble(at * Double.BYTES);
      case HALF -> HalfPrecision.fromFloat16(bytes.getShort(at * Short.BYTES));
      case BFLOAT16 -> HalfPrecision.fromBfloat16(bytes.getShort(at * Short.BYTES));
    };
  }

  /** No tensor may reach beyond its storage, and all together hold no more than the file does. */
  private void checkSizes() {
    long elements = 0;
    for (Map.Entry<String, Storage.View> tensor : tensors.entrySet()) {
      elements += checkedElements(tensor.getKey(), tensor.getValue());
      if (elements > MOST_USES * archive.storageBytes()) {
        throw error(tensor.getKey(), "makes the tensors many times larger than the file");
      }
    }
  }

  private long checkedElements(String name, Storage.View view) {
    Storage storage = view.storage();
    long bytes = archive.storageSize(storage.key());
    if (storage.count() < 0
        || storage.count() > Integer.MAX_VALUE
        || storage.count() * storage.type().bytes() != bytes) {
      throw error(
          name,
          "wants "
              + storage.count()
              + " numbers of "
              + storage.type()
              + ", its storage has "
              + bytes
              + " bytes");
    }
    long elements = 1;
    long last = view.offset();
    try {
      for (int axis = 0; axis < view.shape().size(); axis++) {
        long length = view.shape().get(axis);
        elements = Math.multiplyExact(elements, length);
        long steps = Math.max(0, length - 1);
        last = Math.addExact(last, Math.multiplyExact(view.strides().get(axis), steps));
      }
    } catch (ArithmeticException e) {
      throw error(name, "has shape " + view.shape() + ", which is beyond all measure");
    }
    boolean empty = elements == 0;
    if (view.offset() < 0 || (!empty && last >= storage.count()) || elements > storage.count()) {
      throw error(
          name,
          "of shape "
              + view.shape()
              + ", strides "
              + view.strides()
              + " and offset "
              + view.offset()
              + " reaches beyond its storage of "
              + storage.count()
              + " numbers");
    }
    return elements;
  }

  private ModelFormatException error(String name, String message) {
    return new ModelFormatException(
        file() + ": tensor '" + TensorPickle.printable(name) + "' " + message);
  }
}
