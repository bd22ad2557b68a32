package dev.lethe.backend;

import dev.lethe.InputException;
import dev.lethe.network.Concat;
import dev.lethe.network.Expand;
import dev.lethe.network.Slice;
import dev.lethe.network.Transpose;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What all stages that only move data come down to: for every index i within {@code extents},
 * {@code to[toOffset + sum(i*toStrides)] = from[fromOffset + sum(i*fromStrides)]}. Offsets and
 * strides count elements; a stride of the source may be 0 (repeat) or negative (backwards).
 *
 * @param from name of the source value
 * @param to name of the target value
 */
public record StridedCopy(
    String from,
    String to,
    List<Integer> extents,
    int fromOffset,
    List<Integer> fromStrides,
    int toOffset,
    List<Integer> toStrides) {

  /** Number of elements moved. */
  public int count() {
    return extents.stream().reduce(1, Math::multiplyExact);
  }

  /** What a permutation of axes comes down to. */
  public static StridedCopy of(Transpose stage, Map<String, Integer> sizes) {
    List<Integer> source = strides(shape(stage.x(), sizes));
    List<Integer> permuted = stage.permutation().stream().map(source::get).toList();
    List<Integer> extents = shape(stage.y(), sizes);
    return new StridedCopy(
        stage.x().name(), stage.y().name(), extents, 0, permuted, 0, strides(extents));
  }

  /**
   * What a slice comes down to.
   *
   * @throws dev.lethe.InputException when it leaves the axis for these sizes
   */
  public static StridedCopy of(Slice stage, Map<String, Integer> sizes) {
    List<Integer> source = shape(stage.x(), sizes);
    List<Integer> extents = shape(stage.y(), sizes);
    List<Integer> strides = new ArrayList<>(strides(source));
    int axis = stage.axis();
    long length = source.get(axis);
    long start = stage.start() < 0 ? stage.start() + length : stage.start();
    long last = start + stage.step() * (extents.get(axis) - 1L);
    if (Math.min(start, last) < 0 || Math.max(start, last) >= length) {
      throw new InputException(
          "stage "
              + stage.name()
              + " takes elements "
              + start
              + " to "
              + last
              + " of an axis of "
              + length);
    }
    int offset = Math.toIntExact(start * strides.get(axis));
    strides.set(axis, Math.toIntExact(strides.get(axis) * stage.step()));
    return new StridedCopy(
        stage.x().name(), stage.y().name(), extents, offset, strides, 0, strides(extents));
  }

  /** What broadcasting comes down to. */
  public static StridedCopy of(Expand stage, Map<String, Integer> sizes) {
    List<Integer> source = shape(stage.x(), sizes);
    List<Integer> extents = shape(stage.y(), sizes);
    List<Integer> strides = new ArrayList<>(strides(source));
    for (int axis = 0; axis < source.size(); axis++) {
      if (source.get(axis) == 1) {
        strides.set(axis, 0);
      }
    }
    while (strides.size() < extents.size()) {
      strides.add(0, 0);
    }
    return new StridedCopy(
        stage.x().name(), stage.y().name(), extents, 0, strides, 0, strides(extents));
  }

  /** What putting one after another comes down to: a copy for each input. */
  public static List<StridedCopy> of(Concat stage, Map<String, Integer> sizes) {
    List<Integer> target = strides(shape(stage.y(), sizes));
    List<StridedCopy> copies = new ArrayList<>();
    int offset = 0;
    for (Value x : stage.xs()) {
      List<Integer> extents = shape(x, sizes);
      copies.add(
          new StridedCopy(
              x.name(), stage.y().name(), extents, 0, strides(extents), offset, target));
      offset += extents.get(stage.axis()) * target.get(stage.axis());
    }
    return copies;
  }

  private static List<Integer> shape(Value value, Map<String, Integer> sizes) {
    List<Integer> lengths = new ArrayList<>();
    for (int length : value.shape().resolve(sizes)) {
      lengths.add(length);
    }
    return lengths;
  }

  private static List<Integer> strides(List<Integer> shape) {
    List<Integer> strides = new ArrayList<>(shape);
    int stride = 1;
    for (int axis = shape.size() - 1; axis >= 0; axis--) {
      strides.set(axis, stride);
      stride = Math.multiplyExact(stride, shape.get(axis));
    }
    return strides;
  }
}
