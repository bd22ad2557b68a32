package dev.lethe.io;

import dev.lethe.InputException;
import dev.lethe.Tensor;
import java.nio.file.Path;

/**
 * An array of any size that is read piece by piece along one of its axes. For one thread at a time.
 */
public interface ArraySource extends AutoCloseable {
  /** {@return what an element is once it is read} */
  Tensor.Type type();

  /** {@return the lengths of the axes of the whole array} */
  int[] shape();

  /**
   * Reads a piece.
   *
   * @param axis along which the array is cut; 0 for the whole of an array without axes
   * @param first where the piece begins on this axis; unless {@link #isRandom()}, not before the
   *     end of the last piece
   * @param target of the whole array's shape but for the length of {@code axis}; overwritten
   * @throws InputException when the file cannot be read, is damaged, or an element does not fit
   */
  void read(int axis, int first, Tensor target);

  /** {@return whether pieces may be read in any order} */
  boolean isRandom();

  @Override
  void close();

  /**
   * Reads everything.
   *
   * @return the whole array
   * @throws InputException as {@link #read} does, or when it exceeds 2 GiB
   */
  default Tensor readAll() {
    Tensor all = Tensor.allocate(type(), shape());
    read(0, 0, all);
    return all;
  }

  /**
   * An .npy file; pieces in any order.
   *
   * @param file NumPy's versions 1.0 to 3.0
   * @return to be closed
   * @throws InputException when there is no such file or its header is damaged
   */
  static ArraySource npy(Path file) {
    return NpySource.open(file);
  }

  /**
   * A folder of .npy files that are pieces of one array, in the order of their names; numbers in
   * names count by their values. Pieces in any order.
   *
   * @param folder other files in it are passed over
   * @param axis along which the array is cut
   * @return to be closed
   * @throws InputException when there is no .npy in it, or they do not fit together
   */
  static ArraySource folder(Path folder, int axis) {
    return FolderSource.open(folder, axis);
  }

  /**
   * An array of an .npz archive, unpacked while it is read; in order only. One that is to be cut
   * along another axis than the first is read whole.
   *
   * @param file an .npz
   * @param name of the array
   * @param axis along which the array is cut
   * @return to be closed
   * @throws InputException when there is no such file or array, or it is damaged
   */
  static ArraySource npz(Path file, String name, int axis) {
    return NpzSource.open(file, name, axis);
  }

  /**
   * Numbers in a CSV file, row by row: a sequence in one row, or one row for each step of it. A
   * first row without a number is a header. In order only; the file is read once more to count.
   *
   * @param file comma-separated, UTF-8
   * @param type what its numbers are
   * @param sequence shape of one sequence
   * @param axis where the axis that counts sequences stands among those
   * @return to be closed
   * @throws InputException when there is no such file, or a row does not fit
   */
  static ArraySource csv(Path file, Tensor.Type type, int[] sequence, int axis) {
    return CsvSource.open(file, type, sequence, axis);
  }

  /**
   * An array in memory; pieces in any order.
   *
   * @param tensor not copied
   * @return its pieces
   */
  static ArraySource of(Tensor tensor) {
    return new TensorSource(tensor);
  }
}
