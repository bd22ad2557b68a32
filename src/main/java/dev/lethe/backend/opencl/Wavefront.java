package dev.lethe.backend.opencl;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How two stacked layers run at the same time: the upper one a chunk of steps behind the lower,
 * whose outputs of that chunk are its inputs.
 *
 * @param lag steps of a chunk: even, so that both layers find h of the step before in the same of
 *     two places
 * @param products of the input projections of a chunk, the lower layer's first
 * @param recurrence of both layers
 * @param tuned whether that was measured, for one of them, rather than predicted
 */
record Wavefront(int lag, List<ProjectionTile> products, Recurrence recurrence, boolean tuned) {
  private static final List<Integer> CHUNKS = List.of(4, 8, 16, 32, 64);

  Wavefront {
    products = List.copyOf(products);
    if (lag < 2 || lag % 2 != 0) {
      throw new IllegalArgumentException("a chunk of an even number of steps, not " + lag);
    }
  }

  /**
   * Whether two layers that can share launches should, and how.
   *
   * @return empty if one should run after the other
   */
  static Optional<Wavefront> of(OpenClPlan plan, LayerSizes lower, LayerSizes upper) {
    List<Recurrence> recurrences = plan.stacked(lower);
    if (plan.lag() > 0) {
      return recurrences.stream()
          .findFirst()
          .map(first -> of(plan, plan.lag(), lower, upper, first, false));
    }
    if (plan.computeUnits() == 0) {
      return Optional.empty();
    }
    LayerChoice below = plan.choose(lower, Recurrence.Permitted.ALL);
    LayerChoice above = plan.choose(upper, Recurrence.Permitted.ALL);
    CostModel model = new CostModel(plan);
    CostModel.Cost apart = model.layer(lower, below).plus(model.layer(upper, above));
    double least = OpenClPlan.WORTH * apart.microseconds();
    Optional<Wavefront> best = Optional.empty();
    long stepBytes = OpenClPlan.stepBytes(lower) + OpenClPlan.stepBytes(upper);
    for (int chunk : CHUNKS) {
      boolean fits = chunk < lower.steps() && chunk * stepBytes <= plan.projectionBytes();
      for (Recurrence recurrence : fits ? recurrences : List.<Recurrence>of()) {
        // what has been measured of a layer is not to be given up for a prediction
        if (below.tuned() && !recurrence.equals(below.recurrence())) {
          continue;
        }
        Wavefront candidate = of(plan, chunk, lower, upper, recurrence, below.tuned());
        double cost = model.wavefront(lower, upper, candidate).microseconds();
        if (cost < least) {
          least = cost;
          best = Optional.of(candidate);
        }
      }
    }
    return best;
  }

  private static Wavefront of(
      OpenClPlan plan,
      int chunk,
      LayerSizes lower,
      LayerSizes upper,
      Recurrence recurrence,
      boolean tuned) {
    CostModel model = new CostModel(plan);
    List<ProjectionTile> products =
        Stream.of(lower.withSteps(chunk), upper.withSteps(chunk))
            .map(sizes -> plan.fastest(plan.projections(), each -> model.projection(sizes, each)))
            .toList();
    return new Wavefront(chunk, products, recurrence, tuned);
  }
}
