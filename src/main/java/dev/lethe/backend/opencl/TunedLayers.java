package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What {@code lethe tune} has found for layers on one device. Entries come from a file and are no
 * more than wishes: one that names no kernel or tile of the plan is as if it were not there.
 *
 * @param entries of one device, driver and set of kernels
 * @param pairs likewise, of two stacked layers
 */
record TunedLayers(List<Entry> entries, List<Pair> pairs) {
  /** Nothing has been measured. */
  static final TunedLayers NONE = new TunedLayers(List.of(), List.of());

  /** Between batches of which one is more than so many times the other nothing is inferred. */
  private static final double FURTHEST_BATCH = 2;

  TunedLayers {
    entries = List.copyOf(entries);
    pairs = List.copyOf(pairs);
  }

  /** Of layers one by one. */
  TunedLayers(List<Entry> entries) {
    this(entries, List.of());
  }

  /** The same with others in place of those of the same sizes and precision. */
  TunedLayers with(TunedLayers found) {
    List<Entry> allEntries = new ArrayList<>(entries);
    for (Entry entry : found.entries) {
      allEntries.removeIf(old -> old.replacedBy(entry.sizes, entry.precision));
      allEntries.add(entry);
    }
    List<Pair> allPairs = new ArrayList<>(pairs);
    for (Pair pair : found.pairs) {
      allPairs.removeIf(old -> old.replacedBy(pair.lower, pair.precision));
      allPairs.add(pair);
    }
    return new TunedLayers(allEntries, allPairs);
  }

  TunedLayers with(Entry entry) {
    return with(new TunedLayers(List.of(entry), List.of()));
  }

  TunedLayers with(Pair pair) {
    return with(new TunedLayers(List.of(), List.of(pair)));
  }

  /**
   * What was the fastest.
   *
   * @param sizes that were measured
   * @param precision of the products
   * @param kernel name of the recurrence's kernel
   * @param tile its {@link Recurrence#numbers}
   * @param product tile of the input projection
   * @param milliseconds of a run
   */
  record Entry(
      LayerSizes sizes,
      Precision precision,
      String kernel,
      List<Integer> tile,
      List<Integer> product,
      double milliseconds) {
    Entry {
      tile = List.copyOf(tile);
      product = List.copyOf(product);
    }

    /** Of a choice that was measured. */
    static Entry of(
        LayerSizes sizes, Precision precision, LayerChoice choice, double milliseconds) {
      return new Entry(
          sizes,
          precision,
          choice.recurrence().kernel(),
          choice.recurrence().numbers(),
          choice.product().numbers(),
          milliseconds);
    }

    /** The one of these that is meant. */
    Optional<Recurrence> recurrence(List<Recurrence> all) {
      return named(kernel, tile, all);
    }

    /** The one of these that is meant. */
    Optional<ProjectionTile> product(List<ProjectionTile> all) {
      return all.stream().filter(each -> each.numbers().equals(product)).findFirst();
    }

    private boolean replacedBy(LayerSizes other, Precision with) {
      return sizes.equals(other) && precision == with;
    }
  }

  /**
   * How two stacked layers were the fastest.
   *
   * @param lower sizes of the lower layer that was measured; the upper's are {@link
   *     LayerSizes#above}
   * @param precision of the products
   * @param lag of their {@link Wavefront}, or 0 if it was one layer after the other
   * @param kernel of their wavefront; of no use where there is none
   * @param tile likewise
   * @param milliseconds of a run
   */
  record Pair(
      LayerSizes lower,
      Precision precision,
      int lag,
      String kernel,
      List<Integer> tile,
      double milliseconds) {
    Pair {
      tile = List.copyOf(tile);
    }

    /** Of what was measured. */
    static Pair of(
        LayerSizes lower, Precision precision, Optional<Wavefront> best, double milliseconds) {
      return new Pair(
          lower,
          precision,
          best.map(Wavefront::lag).orElse(0),
          best.map(w -> w.recurrence().kernel()).orElse(""),
          best.map(w -> w.recurrence().numbers()).orElse(List.of()),
          milliseconds);
    }

    /** The one of these that is meant. */
    Optional<Recurrence> recurrence(List<Recurrence> all) {
      return named(kernel, tile, all);
    }

    private boolean replacedBy(LayerSizes other, Precision with) {
      return lower.equals(other) && precision == with;
    }
  }

  private static Optional<Recurrence> named(
      String kernel, List<Integer> tile, List<Recurrence> all) {
    return all.stream()
        .filter(each -> each.kernel().equals(kernel) && each.numbers().equals(tile))
        .findFirst();
  }

  /**
   * The entry for these sizes, or the nearest: of the same precision, hidden size and number of
   * directions, and a batch at most twice or at least half as large; of several that whose batch,
   * then input size, then number of steps has the least ratio to what is wanted.
   */
  Optional<Entry> nearest(LayerSizes wanted, Precision precision) {
    return entries.stream()
        .filter(e -> e.precision == precision && concerns(e.sizes, wanted))
        .min(nearness(Entry::sizes, wanted));
  }

  /** Likewise for two stacked layers, by the lower. */
  Optional<Pair> nearestPair(LayerSizes lower, Precision precision) {
    return pairs.stream()
        .filter(p -> p.precision == precision && concerns(p.lower, lower))
        .min(nearness(Pair::lower, lower));
  }

  /** Whether what was measured says something of layers of other sizes. */
  private static boolean concerns(LayerSizes measured, LayerSizes wanted) {
    return measured.hidden() == wanted.hidden()
        && measured.directions() == wanted.directions()
        && ratio(measured.batch(), wanted.batch()) <= FURTHEST_BATCH;
  }

  private static <E> Comparator<E> nearness(Function<E, LayerSizes> sizes, LayerSizes wanted) {
    return Comparator.<E>comparingDouble(e -> ratio(sizes.apply(e).batch(), wanted.batch()))
        .thenComparingDouble(e -> ratio(sizes.apply(e).input(), wanted.input()))
        .thenComparingDouble(e -> ratio(sizes.apply(e).steps(), wanted.steps()));
  }

  private static double ratio(int a, int b) {
    return (double) Math.max(a, b) / Math.max(1, Math.min(a, b));
  }
}
