package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

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
    return new TunedLayers(replaced(entries, found.entries), replaced(pairs, found.pairs));
  }

  private static <M extends Measured> List<M> replaced(List<M> old, List<M> found) {
    List<M> all = new ArrayList<>(old);
    for (M each : found) {
      all.removeIf(o -> o.sizes().equals(each.sizes()) && o.precision() == each.precision());
      all.add(each);
    }
    return all;
  }

  TunedLayers with(Entry entry) {
    return with(new TunedLayers(List.of(entry), List.of()));
  }

  TunedLayers with(Pair pair) {
    return with(new TunedLayers(List.of(), List.of(pair)));
  }

  /** The fastest kernel, and what for. */
  private sealed interface Measured {
    LayerSizes sizes();

    Precision precision();

    String kernel();

    List<Integer> tile();

    /** The one of these that is meant. */
    default Optional<Recurrence> recurrence(List<Recurrence> all) {
      return all.stream()
          .filter(each -> each.kernel().equals(kernel()) && each.numbers().equals(tile()))
          .findFirst();
    }
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
      double milliseconds)
      implements Measured {
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
    Optional<ProjectionTile> product(List<ProjectionTile> all) {
      return all.stream().filter(each -> each.numbers().equals(product)).findFirst();
    }
  }

  /**
   * How two stacked layers were the fastest.
   *
   * @param sizes of the lower layer that was measured; the upper's are {@link LayerSizes#above}
   * @param precision of the products
   * @param lag of their {@link Wavefront}, or 0 if it was one layer after the other
   * @param kernel of their wavefront; of no use where there is none
   * @param tile likewise
   * @param milliseconds of a run
   */
  record Pair(
      LayerSizes sizes,
      Precision precision,
      int lag,
      String kernel,
      List<Integer> tile,
      double milliseconds)
      implements Measured {
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
  }

  /**
   * The entry for these sizes, or the nearest: of the same precision, hidden size and number of
   * directions, and a batch at most twice or at least half as large; of several that whose batch,
   * then input size, then number of steps has the least ratio to what is wanted.
   */
  Optional<Entry> nearest(LayerSizes wanted, Precision precision) {
    return nearest(entries, wanted, precision);
  }

  /** Likewise for two stacked layers, by the lower. */
  Optional<Pair> nearestPair(LayerSizes lower, Precision precision) {
    return nearest(pairs, lower, precision);
  }

  private static <M extends Measured> Optional<M> nearest(
      List<M> all, LayerSizes wanted, Precision precision) {
    return all.stream()
        .filter(m -> m.precision() == precision && concerns(m.sizes(), wanted))
        .min(
            Comparator.<M>comparingDouble(m -> ratio(m.sizes().batch(), wanted.batch()))
                .thenComparingDouble(m -> ratio(m.sizes().input(), wanted.input()))
                .thenComparingDouble(m -> ratio(m.sizes().steps(), wanted.steps())));
  }

  /** Whether what was measured says something of layers of other sizes. */
  private static boolean concerns(LayerSizes measured, LayerSizes wanted) {
    return measured.hidden() == wanted.hidden()
        && measured.directions() == wanted.directions()
        && ratio(measured.batch(), wanted.batch()) <= FURTHEST_BATCH;
  }

  private static double ratio(int a, int b) {
    return (double) Math.max(a, b) / Math.max(1, Math.min(a, b));
  }
}
