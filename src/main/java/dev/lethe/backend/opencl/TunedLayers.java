package dev.lethe.backend.opencl;

import dev.lethe.Precision;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What {@code lethe tune} has found for layers on one device. Entries come from a file and are no
 * more than wishes: one that names no kernel or tile of the plan is as if it were not there.
 *
 * @param entries of one device, driver and set of kernels
 */
record TunedLayers(List<Entry> entries) {
  /** Nothing has been measured. */
  static final TunedLayers NONE = new TunedLayers(List.of());

  /** Between batches of which one is more than so many times the other nothing is inferred. */
  private static final double FURTHEST_BATCH = 2;

  TunedLayers {
    entries = List.copyOf(entries);
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
      return all.stream()
          .filter(each -> each.kernel().equals(kernel) && each.numbers().equals(tile))
          .findFirst();
    }

    /** The one of these that is meant. */
    Optional<ProjectionTile> product(List<ProjectionTile> all) {
      return all.stream().filter(each -> each.numbers().equals(product)).findFirst();
    }

    /** Whether it says something of layers of these sizes. */
    private boolean concerns(LayerSizes other, Precision wanted) {
      return precision == wanted
          && sizes.hidden() == other.hidden()
          && sizes.directions() == other.directions()
          && ratio(sizes.batch(), other.batch()) <= FURTHEST_BATCH;
    }
  }

  /**
   * The entry for these sizes, or the nearest: of the same precision, hidden size and number of
   * directions, and a batch at most twice or at least half as large; of several that whose batch,
   * then input size, then number of steps has the least ratio to what is wanted.
   */
  Optional<Entry> nearest(LayerSizes wanted, Precision precision) {
    return entries.stream()
        .filter(entry -> entry.concerns(wanted, precision))
        .min(
            Comparator.<Entry>comparingDouble(e -> ratio(e.sizes().batch(), wanted.batch()))
                .thenComparingDouble(e -> ratio(e.sizes().input(), wanted.input()))
                .thenComparingDouble(e -> ratio(e.sizes().steps(), wanted.steps())));
  }

  private static double ratio(int a, int b) {
    return (double) Math.max(a, b) / Math.max(1, Math.min(a, b));
  }
}
