package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What an attempt to import a graph found out about it too late to act on; the next attempt starts
 * with it.
 *
 * @param sizes what stands in for a named size
 * @param lengths whether a missing input of sequence lengths may be added
 */
record Rewrites(Map<String, Dim> sizes, boolean lengths) {
  /** Thrown through an attempt that must start again. */
  static final class Restart extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Rewrites next;

    Restart(Rewrites next) {
      super("start again with " + next, null, false, false);
      this.next = next;
    }

    Rewrites next() {
      return next;
    }
  }

  static Rewrites none() {
    return new Rewrites(Map.of(), true);
  }

  /** Starts again with {@code size} for the named size {@code name}. */
  Restart replace(String name, Dim size) {
    Map<String, Dim> more = new HashMap<>();
    Rewrites one = new Rewrites(Map.of(name, size), lengths);
    sizes.forEach((key, value) -> more.put(key, one.apply(value)));
    more.put(name, size);
    return new Restart(new Rewrites(Map.copyOf(more), lengths));
  }

  /** Starts again without an input of sequence lengths of our own. */
  Restart withoutLengths() {
    return new Restart(new Rewrites(sizes, false));
  }

  Dim apply(Dim dim) {
    Dim result = Dim.of(dim.factor());
    for (String symbol : dim.symbols()) {
      result = result.times(sizes.getOrDefault(symbol, Dim.symbol(symbol)));
    }
    return result;
  }

  Shape apply(Shape shape) {
    List<Dim> dims = shape.dims().stream().map(this::apply).toList();
    return new Shape(dims);
  }
}
