package dev.lethe.backend.opencl;

import java.util.List;

/**
 * How two stacked layers run at the same time: the upper one a chunk of steps behind the lower,
 * whose outputs of that chunk are its inputs.
 *
 * @param lag steps of a chunk: even, so that both layers find h of the step before in the same of
 *     two places
 * @param products of the input projections of a chunk, the lower layer's first; of no use where
 *     these run on matrix units
 * @param recurrence of both layers
 * @param tuned whether that was measured, for one of them, rather than predicted
 */
record Wavefront(
    int lag, List<OpenClPlan.ProductTile> products, Recurrence recurrence, boolean tuned) {
  Wavefront {
    products = List.copyOf(products);
    if (lag < 2 || lag % 2 != 0) {
      throw new IllegalArgumentException("a chunk of an even number of steps, not " + lag);
    }
  }
}
