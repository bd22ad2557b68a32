package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the nodes of a graph have written so far, while the graph is run in the abstract. One
 * attempt each.
 */
final class Scope {
  /** Name of the input of lengths that is added to models without one. */
  static final String LENGTHS = "sequence_lens";

  private final long opset;
  private final Rewrites rewrites;
  private final GraphBuilder builder = new GraphBuilder();
  private final Map<String, Item> items = new HashMap<>();
  private final Set<String> madeUpSizes = new HashSet<>();
  private final Set<String> knownSizes = new HashSet<>();
  private final Map<String, Swapped> swapped = new HashMap<>();
  private final Map<String, Value> reshaped = new HashMap<>();
  private final Map<String, Product> products = new HashMap<>();
  private Optional<AddedLengths> added = Optional.empty();
  private final boolean mayAddLengths;
  private final Allowance allowance;

  /** A value of which another one is the transpose. */
  record Swapped(Value source, List<Integer> permutation) {}

  /** What made a value without a bias, so that an addition after it can become one. */
  record Product(Value x, Matrix weights) {}

  /** The input of lengths that this model lacks, and the axes that it is about. */
  record AddedLengths(Value value, Dim time, Dim batch) {}

  /**
   * @param freeForLengths whether no name of the model is that of the input of lengths
   * @param allowance shared by all attempts
   */
  Scope(long opset, Rewrites rewrites, boolean freeForLengths, Allowance allowance) {
    this.opset = opset;
    this.rewrites = rewrites;
    this.mayAddLengths = freeForLengths && rewrites.lengths();
    this.allowance = allowance;
  }

  /** Before so many elements of constants are made. */
  void spend(long elements) {
    allowance.spend(elements);
  }

  long opset() {
    return opset;
  }

  GraphBuilder builder() {
    return builder;
  }

  /** What a name stands for. */
  Optional<Item> find(String name) {
    return Optional.ofNullable(items.get(name));
  }

  void define(String name, Item item) {
    if (items.putIfAbsent(name, item) != null) {
      throw new IllegalArgumentException("'" + name + "' is written twice");
    }
  }

  /** An input of the graph. Sizes without a name get one. */
  void defineInput(String name, Tensor.Type type, Shape shape, Set<String> unnamed) {
    shape.dims().forEach(dim -> knownSizes.addAll(dim.symbols()));
    madeUpSizes.addAll(unnamed);
    define(name, new Item.Edge(builder.input(name, type, rewrites.apply(shape))));
  }

  /** Makes two lengths one, by putting one in place of a named other. */
  void unify(Dim a, Dim b, String what) {
    if (a.equals(b)) {
      return;
    }
    boolean replaceB =
        b.name().isPresent() && (a.name().isEmpty() || madeUpSizes.contains(b.name().get()));
    Dim old = replaceB ? b : a;
    Dim kept = replaceB ? a : b;
    if (old.name().isEmpty() || kept.symbols().contains(old.name().get())) {
      throw new IllegalArgumentException(what + " must be " + b + ", is " + a);
    }
    throw rewrites.replace(old.name().get(), kept);
  }

  /** Gives a size that the file does not name a good name, if that is free. */
  void rename(Dim dim, String better) {
    boolean madeUp = dim.name().filter(madeUpSizes::contains).isPresent();
    if (madeUp
        && !knownSizes.contains(better)
        && !rewrites.sizes().containsValue(Dim.symbol(better))) {
      throw rewrites.replace(dim.name().orElseThrow(), Dim.symbol(better));
    }
  }

  /**
   * Reversing an axis of open length moves padding to the front: lengths would no longer mean what
   * they say.
   */
  void forbidAddedLengths() {
    if (mayAddLengths) {
      throw rewrites.withoutLengths();
    }
  }

  /** Lengths for an LSTM that has none of its own: an input that is added to the model. */
  Optional<Value> lengthsFor(Dim time, Dim batch) {
    if (mayAddLengths && added.isEmpty() && batch.name().isPresent() && time.name().isPresent()) {
      Value value =
          builder.input(LENGTHS, Tensor.Type.INT32, Shape.of(batch), Graph.Default.FULL_LENGTH);
      added = Optional.of(new AddedLengths(value, time, batch));
    }
    return added
        .filter(a -> a.time().equals(time) && a.batch().equals(batch))
        .map(AddedLengths::value);
  }

  /**
   * The added lengths, if {@code axis} of a sequence [T, B, F] or [B, T, F] is the time that they
   * count.
   */
  Optional<Value> lengthsAlong(Shape shape, int axis) {
    return added
        .filter(a -> shape.rank() == 3 && axis < 2)
        .filter(a -> shape.dim(axis).equals(a.time()) && shape.dim(1 - axis).equals(a.batch()))
        .map(AddedLengths::value);
  }

  void noteTranspose(Value result, Value source, List<Integer> permutation) {
    swapped.put(result.name(), new Swapped(source, permutation));
  }

  /** The batch-major sequence of which {@code x} is the time-major transpose. */
  Optional<Value> batchMajor(Value x) {
    return Optional.ofNullable(swapped.get(x.name()))
        .filter(s -> s.permutation().equals(List.of(1, 0, 2)))
        .map(Swapped::source);
  }

  void noteReshape(Value result, Value source) {
    reshaped.put(result.name(), source);
  }

  /** What {@code x} was before it was reshaped, or itself: a chain of reshapes is one. */
  Value unreshaped(Value x) {
    return reshaped.getOrDefault(x.name(), x);
  }

  void noteProduct(Value result, Product product) {
    products.put(result.name(), product);
  }

  Optional<Product> productOf(Value value) {
    return Optional.ofNullable(products.get(value.name()));
  }

  /** The item as something that stages read. */
  Value value(String name, Item item) {
    if (item instanceof Item.Edge edge) {
      return edge.value();
    }
    if (item instanceof Item.Floats floats) {
      spend(floats.data().length);
      return builder.constant(name, Tensor.of(floats.data(), floats.lengths()));
    }
    if (item instanceof Item.Fill fill) {
      int[] ones = new int[fill.shape().rank()];
      Arrays.fill(ones, 1);
      Value one = builder.constant(name, Tensor.of(new float[] {fill.value()}, ones));
      return builder.expand(name, one, fill.shape());
    }
    throw new IllegalArgumentException("integers of the shape arithmetic are used as data");
  }

  /** The item as trained numbers, if they are known. */
  Optional<Item.Floats> floats(Item item) {
    if (item instanceof Item.Floats floats) {
      spend(floats.data().length);
      return Optional.of(floats);
    }
    if (item instanceof Item.Fill fill && fill.shape().isConstant()) {
      long count = fill.shape().count().factor();
      spend(count);
      float[] data = new float[(int) count];
      Arrays.fill(data, fill.value());
      return Optional.of(new Item.Floats(fill.shape().resolve(Map.of()), data));
    }
    return Optional.empty();
  }

  /** Order of the axes of a sequence whose axis {@code time} counts steps. */
  static Lstm.SequenceLayout layout(int time) {
    return time == 0 ? Lstm.SequenceLayout.TIME_MAJOR : Lstm.SequenceLayout.BATCH_MAJOR;
  }
}
