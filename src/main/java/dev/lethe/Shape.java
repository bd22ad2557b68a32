package dev.lethe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The lengths of a tensor's axes, some of which may be named sizes that the data will tell.
 *
 * @param dims from the slowest axis to the fastest; empty for a scalar
 */
public record Shape(List<Dim> dims) {
  /**
   * Copies.
   *
   * @param dims from the slowest axis to the fastest
   */
  public Shape {
    dims = List.copyOf(dims);
  }

  /**
   * The shape with these axes.
   *
   * @param dims from the slowest axis to the fastest
   * @return a shape with as many axes
   */
  public static Shape of(Dim... dims) {
    return new Shape(List.of(dims));
  }

  /**
   * The shape with these known lengths.
   *
   * @param lengths from the slowest axis to the fastest, each at least 0
   * @return a shape with as many axes
   * @throws IllegalArgumentException when a length is negative
   */
  public static Shape of(int... lengths) {
    List<Dim> dims = new ArrayList<>();
    for (int length : lengths) {
      dims.add(Dim.of(length));
    }
    return new Shape(dims);
  }

  /** {@return the number of axes} */
  public int rank() {
    return dims.size();
  }

  /**
   * The length of an axis.
   *
   * @param axis counted from 0; a negative one from the end
   * @return its length
   * @throws IndexOutOfBoundsException when there is no such axis
   */
  public Dim dim(int axis) {
    return dims.get(axis < 0 ? axis + dims.size() : axis);
  }

  /**
   * The same shape but for one axis.
   *
   * @param axis counted from 0; a negative one from the end
   * @param dim its new length
   * @return a new shape
   * @throws IndexOutOfBoundsException when there is no such axis
   */
  public Shape with(int axis, Dim dim) {
    List<Dim> changed = new ArrayList<>(dims);
    changed.set(axis < 0 ? axis + dims.size() : axis, dim);
    return new Shape(changed);
  }

  /** {@return the number of elements: the product of all lengths} */
  public Dim count() {
    return dims.stream().reduce(Dim.of(1), Dim::times);
  }

  /** {@return whether every length is known} */
  public boolean isConstant() {
    return dims.stream().allMatch(Dim::isConstant);
  }

  /**
   * The lengths once the sizes are known.
   *
   * @param sizes a value for every name
   * @return a length for each axis
   * @throws InputException when a name has no size or a negative one, or a length exceeds 2^31-1
   */
  public int[] resolve(Map<String, Integer> sizes) {
    return dims.stream().mapToInt(dim -> dim.resolve(sizes)).toArray();
  }

  @Override
  public String toString() {
    return dims.stream().map(Dim::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}
