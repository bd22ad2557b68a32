package dev.lethe.importer.pytorch;

import java.util.List;

/**
 * A stretch of numbers in a file of torch.save.
 *
 * @param type what they are
 * @param key its name in the archive
 * @param count how many there are, as the pickle has it
 */
record Storage(Type type, String key, long count) {
  /** Types whose numbers have a value in single precision. */
  enum Type {
    FLOAT(4),
    DOUBLE(8),
    HALF(2),
    BFLOAT16(2);

    private final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes per number. */
    int bytes() {
      return bytes;
    }
  }

  /**
   * A view of a storage, in any order: element [i, j] is number offset + i*strides[0] +
   * j*strides[1].
   *
   * @param offset number of the first element
   * @param shape lengths of the axes
   * @param strides how far apart neighbours are along each axis
   */
  record View(Storage storage, long offset, List<Long> shape, List<Long> strides) {}
}
