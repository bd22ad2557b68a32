package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import java.util.List;
import java.util.Optional;

/**
 * An integer of a graph's shape arithmetic: known, or a size that the data will tell. Unlike a
 * {@link Dim} it may be negative.
 *
 * @param value the number when {@code size} is the constant 1, its factor otherwise
 * @param size product of named sizes, with factor 1
 */
record Num(long value, Dim size) {
  /** Named sizes in a product: squares of squares grow without bound. */
  private static final int MOST_SYMBOLS = 32;

  static Num of(long value) {
    return new Num(value, Dim.of(1));
  }

  static Num of(Dim dim) {
    return new Num(dim.factor(), new Dim(1, dim.factor() == 0 ? List.of() : dim.symbols()));
  }

  boolean isConstant() {
    return size.isConstant();
  }

  /** The number, if it is known. */
  Optional<Long> known() {
    return isConstant() ? Optional.of(value) : Optional.empty();
  }

  Num times(Num other) {
    if (size.symbols().size() + other.size.symbols().size() > MOST_SYMBOLS) {
      throw new IllegalArgumentException(
          "multiplies more than " + MOST_SYMBOLS + " named sizes with each other");
    }
    long product = Math.multiplyExact(value, other.value);
    return product == 0 ? of(0) : new Num(product, size.times(other.size));
  }

  /** As the length of an axis. */
  Dim dim() {
    if (value < 0) {
      throw new IllegalArgumentException(value + " is no length of an axis");
    }
    return size.times(Dim.of(value));
  }

  @Override
  public String toString() {
    return isConstant() ? Long.toString(value) : value + "*" + size;
  }
}
