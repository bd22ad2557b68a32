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
  /** Copies. */
  public Shape {
    dims = List.copyOf(dims);
  }

  /** The shape with these axes. */
  public static Shape of(Dim... dims) {
    return new Shape(List.of(dims));
  }

  /** The shape with these known lengths. */
  public static Shape of(int... lengths) {
    List<Dim> dims = new ArrayList<>();
    for (int length : lengths) {
      dims.add(Dim.of(length));
    }
    return new Shape(dims);
  }

  /** Number of axes. */
  public int rank() {
    return dims.size();
  }

  /** Length of {@code axis}; a negative axis counts from the end. */
  public Dim dim(int axis) {
    return dims.get(axis < 0 ? axis + dims.size() : axis);
  }

  /** The same shape but for one axis. */
  public Shape with(int axis, Dim dim) {
    List<Dim> changed = new ArrayList<>(dims);
    changed.set(axis < 0 ? axis + dims.size() : axis, dim);
    return new Shape(changed);
  }

  /** Number of elements. */
  public Dim count() {
    return dims.stream().reduce(Dim.of(1), Dim::times);
  }

  /** Whether every length is known. */
  public boolean isConstant() {
    return dims.stream().allMatch(Dim::isConstant);
  }

  /**
   * The lengths once the sizes are known.
   *
   * @throws InputException when a name has no size
   */
  public int[] resolve(Map<String, Integer> sizes) {
    return dims.stream().mapToInt(dim -> dim.resolve(sizes)).toArray();
  }

  @Override
  public String toString() {
    return dims.stream().map(Dim::toString).collect(Collectors.joining(", ", "[", "]"));
  }
}
