package dev.lethe;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The length of an axis that may not be known yet: a constant times named sizes, as in {@code 8},
 * {@code batch} or {@code 2*batch*time}.
 *
 * @param factor the constant, at least 0
 * @param symbols the names, sorted; a name stands twice in a square
 */
public record Dim(long factor, List<String> symbols) {
  /**
   * Checks and sorts.
   *
   * @param factor the constant, at least 0
   * @param symbols the names, in any order
   * @throws IllegalArgumentException when the factor is negative
   */
  public Dim {
    if (factor < 0) {
      throw new IllegalArgumentException("a dimension cannot be negative: " + factor);
    }
    List<String> sorted = new ArrayList<>(factor == 0 ? List.of() : symbols);
    Collections.sort(sorted);
    symbols = List.copyOf(sorted);
  }

  /**
   * A known length.
   *
   * @param length at least 0
   * @return the dimension without names
   * @throws IllegalArgumentException when the length is negative
   */
  public static Dim of(long length) {
    return new Dim(length, List.of());
  }

  /**
   * A length that the data will tell.
   *
   * @param name as in {@code batch}
   * @return the dimension of that name
   */
  public static Dim symbol(String name) {
    return new Dim(1, List.of(name));
  }

  /** {@return whether the length is known} */
  public boolean isConstant() {
    return symbols.isEmpty();
  }

  /** {@return the name, if this is one named size and nothing else} */
  public Optional<String> name() {
    return factor == 1 && symbols.size() == 1 ? Optional.of(symbols.get(0)) : Optional.empty();
  }

  /**
   * The product.
   *
   * @param other what to multiply with
   * @return a dimension whose names are those of both
   * @throws ArithmeticException when the constant exceeds 64 bits
   */
  public Dim times(Dim other) {
    List<String> all = new ArrayList<>(symbols);
    all.addAll(other.symbols);
    return new Dim(Math.multiplyExact(factor, other.factor), all);
  }

  /**
   * The quotient.
   *
   * @param other what to divide by
   * @return empty unless {@code other} divides this whatever the named sizes are
   */
  public Optional<Dim> dividedBy(Dim other) {
    if (other.factor == 0 || factor % other.factor != 0) {
      return Optional.empty();
    }
    List<String> rest = new ArrayList<>(symbols);
    for (String symbol : other.symbols) {
      if (!rest.remove(symbol)) {
        return Optional.empty();
      }
    }
    return Optional.of(new Dim(factor / other.factor, rest));
  }

  /**
   * The length once the sizes are known.
   *
   * @param sizes a value for every name
   * @return the length, 0 to 2^31-1
   * @throws InputException when a name has no size or a negative one, or the length exceeds 2^31-1
   */
  public int resolve(Map<String, Integer> sizes) {
    long length = factor;
    // counted: a run resolves shapes, and makes no objects
    for (int k = 0; k < symbols.size(); k++) {
      String symbol = symbols.get(k);
      Integer size = sizes.get(symbol);
      if (size == null) {
        throw new InputException(
            "the size of '" + symbol + "' is not known; known are " + sizes.keySet());
      }
      if (size < 0) {
        throw new InputException("the size of '" + symbol + "' is " + size + "; must be 0 or more");
      }
      // what is too large stays so, unless a later size is 0
      length = length > Integer.MAX_VALUE && size > 0 ? length : length * size;
    }
    if (length > Integer.MAX_VALUE) {
      throw new InputException("a dimension of " + this + " = " + length + " is too large");
    }
    return (int) length;
  }

  @Override
  public String toString() {
    if (symbols.isEmpty()) {
      return Long.toString(factor);
    }
    String names = String.join("*", symbols);
    return factor == 1 ? names : factor + "*" + names;
  }
}
