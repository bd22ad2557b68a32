package dev.lethe.importer.keras;

import dev.lethe.ModelFormatException;
import dev.lethe.io.Zip;
import io.jhdf.HdfFile;
import io.jhdf.api.Attribute;
import io.jhdf.api.Dataset;
import io.jhdf.api.Group;
import io.jhdf.api.Node;
import io.jhdf.api.dataset.ChunkedDataset;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * An HDF5 file from a source that is not trusted: sizes are held against what is expected before
 * anything is read, and whatever goes wrong in the library becomes a {@link ModelFormatException}.
 * Links to other files are not followed.
 */
final class Hdf implements AutoCloseable {
  /** The longest attribute, a model's configuration. */
  private static final long LONGEST_ATTRIBUTE = 64 << 20;

  /** Filters that leave the number of bytes as it is, or nearly so. */
  private static final Set<String> REARRANGE = Set.of("shuffle", "fletcher32");

  private final String where;
  private final BoundedStorage storage;
  private final HdfFile file;

  /** What the arrays that are still to be read may have together. */
  private long bytesLeft;

  /**
   * @param packed bytes in the archive that it comes from, or the same
   */
  private Hdf(String where, BoundedStorage storage, long packed) {
    this.where = where;
    this.storage = storage;
    this.file = storage.file();
    // deflate is the one compression that Keras users choose
    this.bytesLeft = packed * Zip.MAX_RATIO;
  }

  static Hdf open(Path path) {
    String where = path.toString();
    return guarded(where, () -> open(where, path));
  }

  private static Hdf open(String where, Path path) {
    try {
      BoundedStorage storage = BoundedStorage.open(path);
      try {
        return new Hdf(where, storage, storage.size());
      } catch (RuntimeException | Error e) {
        storage.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A file in memory.
   *
   * @param packed bytes in the archive that it comes from
   */
  static Hdf open(String where, byte[] bytes, long packed) {
    return guarded(where, () -> new Hdf(where, BoundedStorage.open(bytes), packed));
  }

  String where() {
    return where;
  }

  /** Whether a path leads to a group. */
  boolean isGroup(String path) {
    return guarded(where, () -> node(path).filter(Group.class::isInstance).isPresent());
  }

  /** An attribute that is one text. */
  Optional<String> text(String path, String name) {
    return guarded(where, () -> attribute(path, name).map(Attribute::getData))
        .map(data -> data instanceof String[] one && one.length == 1 ? one[0] : data)
        .map(
            data -> {
              if (data instanceof String text) {
                return text;
              }
              throw error("attribute '" + name + "' of '" + path + "' is no text");
            });
  }

  /** An attribute that is a list of texts; empty where there is none. */
  List<String> texts(String path, String name) {
    Optional<Attribute> attribute = guarded(where, () -> attribute(path, name));
    if (attribute.isEmpty()
        || guarded(where, () -> attribute.get().isEmpty() || attribute.get().getSize() == 0)) {
      return List.of();
    }
    Object data = guarded(where, attribute.get()::getData);
    if (data instanceof String one) {
      return List.of(one);
    } else if (data instanceof String[] many) {
      return List.of(many);
    }
    throw error("attribute '" + name + "' of '" + path + "' is no list of texts");
  }

  /**
   * The numbers of an array in row-major order.
   *
   * @param shape what it must have
   * @throws ModelFormatException when there is none of this shape
   */
  float[] floats(String path, int... shape) {
    Dataset array =
        guarded(where, () -> node(path))
            .filter(Dataset.class::isInstance)
            .map(Dataset.class::cast)
            .orElseThrow(() -> error("array '" + path + "' is missing"));
    int[] found = guarded(where, array::getDimensions);
    if (!Arrays.equals(found, shape)) {
      throw error(
          "array '"
              + path
              + "' must be "
              + Arrays.toString(shape)
              + ", is "
              + Arrays.toString(found));
    }
    checkBytes(path, array);
    return floats(path, guarded(where, array::getDataFlat));
  }

  /** A vector of one number, which counts like an array of the file. */
  float[] filled(float number, int length) {
    spend("a vector of " + number, (long) length * Float.BYTES);
    float[] floats = new float[length];
    Arrays.fill(floats, number);
    return floats;
  }

  private void checkBytes(String path, Dataset array) {
    long bytes = guarded(where, array::getSizeInBytes);
    if (array instanceof ChunkedDataset chunked) {
      bytes = Math.max(bytes, guarded(where, () -> chunkBytes(chunked)));
    }
    spend("array '" + path + "'", bytes);
  }

  private void spend(String what, long bytes) {
    if (bytes < 0 || bytes > bytesLeft) {
      throw error(what + " would be " + bytes + " bytes, more than the file can hold");
    }
    bytesLeft -= bytes;
  }

  /** Bytes of one chunk. What all chunks take in the file, and how, is checked on the way. */
  private long chunkBytes(ChunkedDataset array) {
    long bytes = array.getDataType().getSize();
    for (int length : array.getChunkDimensions()) {
      bytes = Math.multiplyExact(bytes, (long) length);
    }
    long compressions =
        array.getFilters().stream().filter(filter -> !REARRANGE.contains(filter.getName())).count();
    if (compressions > 1) {
      throw error("an array is compressed " + compressions + " times over");
    }
    if (array.getStorageInBytes() > storage.size()) {
      throw error("an array's parts share their bytes");
    }
    return bytes;
  }

  private float[] floats(String path, Object data) {
    if (data instanceof float[] floats) {
      return floats;
    } else if (data instanceof double[] doubles) {
      float[] floats = new float[doubles.length];
      for (int k = 0; k < floats.length; k++) {
        floats[k] = (float) doubles[k];
      }
      return floats;
    }
    throw error("array '" + path + "' holds " + data.getClass().getSimpleName() + ", not floats");
  }

  private Optional<Attribute> attribute(String path, String name) {
    Optional<Attribute> attribute = node(path).map(node -> node.getAttributes().get(name));
    if (attribute.isPresent()) {
      long bytes = attribute.get().getSizeInBytes();
      long most = Math.min(LONGEST_ATTRIBUTE, storage.size());
      if (bytes > most || attribute.get().getSize() > most) {
        throw error("attribute '" + name + "' is larger than " + most + " bytes");
      }
    }
    return attribute;
  }

  /** Goes from group to group and refuses links, which could lead to another file. */
  private Optional<Node> node(String path) {
    Node node = file;
    for (String name : path.split("/", -1)) {
      if (name.isEmpty()) {
        continue;
      }
      Node child = node instanceof Group group ? group.getChildren().get(name) : null;
      if (child == null) {
        return Optional.empty();
      }
      if (child.isLink()) {
        throw error("'" + path + "' is a link; Lethe reads what is in the file itself");
      }
      node = child;
    }
    return Optional.of(node);
  }

  private ModelFormatException error(String message) {
    return new ModelFormatException(where + ": " + message);
  }

  /** A damaged file makes the library fail in many ways, exhausted stack and memory among them. */
  private static <T> T guarded(String where, Supplier<T> reading) {
    try {
      return reading.get();
    } catch (ModelFormatException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("").strip();
      throw new ModelFormatException(where + ": not a whole HDF5 file: " + reason, e);
    }
  }

  @Override
  public void close() {
    storage.close();
  }
}
