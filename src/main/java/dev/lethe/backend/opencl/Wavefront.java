package dev.lethe.backend.opencl;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * How two stacked layers run at the same time: the upper one a chunk of steps behind the lower,
 * whose outputs of that chunk are its inputs.
 *
 * @param lag steps of a chunk: even, so that both layers find h of the step before in the same of
 *     two places
 * @param products of the input projections of a chunk, the lower layer's first
 * @param recurrence of both layers
 * @param tuned whether the kernel was measured, for both or the lower alone, rather than predicted
 */
record Wavefront(int lag, List<ProjectionTile> products, Recurrence recurrence, boolean tuned) {
  /** Chunks to choose from. */
  static final List<Integer> CHUNKS = List.of(4, 8, 16, 32, 64);

  Wavefront {
    products = List.copyOf(products);
    if (lag < 2 || lag % 2 != 0) {
      throw new IllegalArgumentException("a chunk of an even number of steps, not " + lag);
    }
  }

  /**
   * Whether two layers that can share launches should, and how: as was measured, or else as the
   * cost model has it.
   *
   * @return empty if one should run after the other
   */
  static Optional<Wavefront> of(OpenClPlan plan, LayerSizes lower, LayerSizes upper) {
    Optional<TunedLayers.Pair> pair = plan.tuned().nearestPair(lower, plan.precision());
    if (pair.isPresent() && pair.get().lag() == 0) {
      return Optional.empty();
    }
    Optional<Wavefront> measured =
        pair.filter(p -> fits(plan, p.lag(), lower, upper))
            .flatMap(p -> p.recurrence(plan.stacked(lower)))
            .map(kernel -> of(plan, pair.get().lag(), lower, upper, kernel, true));
    if (measured.isPresent()) {
      return measured;
    }
    if (plan.computeUnits() == 0) {
      return Optional.empty();
    }
    CostModel model = new CostModel(plan);
    LayerChoice below = plan.choose(lower, Recurrence.Permitted.ALL);
    LayerChoice above = plan.choose(upper, Recurrence.Permitted.ALL);
    CostModel.Cost apart = model.layer(lower, below).plus(model.layer(upper, above));
    double least = OpenClPlan.WORTH * apart.microseconds();
    Optional<Wavefront> best = Optional.empty();
    for (Wavefront candidate : all(plan, lower, upper)) {
      // what has been measured of a layer is not to be given up for a prediction
      if (below.tuned() && !candidate.recurrence().equals(below.recurrence())) {
        continue;
      }
      double cost = model.wavefront(lower, upper, candidate).microseconds();
      if (cost < least) {
        least = cost;
        best = Optional.of(candidate);
      }
    }
    return below.tuned() ? best.map(w -> w.withTuned(true)) : best;
  }

  /**
   * What is worth measuring: for each chunk the kernel that should be the fastest, and the one that
   * was for the lower layer alone.
   */
  static List<Wavefront> candidates(OpenClPlan plan, LayerSizes lower, LayerSizes upper) {
    CostModel model = new CostModel(plan);
    LayerChoice below = plan.choose(lower, Recurrence.Permitted.ALL);
    Map<Integer, List<Wavefront>> byLag =
        all(plan, lower, upper).stream()
            .collect(groupingBy(Wavefront::lag, TreeMap::new, toList()));
    Set<Wavefront> candidates = new LinkedHashSet<>();
    for (List<Wavefront> same : byLag.values()) {
      candidates.add(
          plan.fastest(same, each -> model.wavefront(lower, upper, each).microseconds()));
      same.stream()
          .filter(each -> each.recurrence().equals(below.recurrence()))
          .forEach(candidates::add);
    }
    return List.copyOf(candidates);
  }

  /** Every chunk and kernel that can be. */
  private static List<Wavefront> all(OpenClPlan plan, LayerSizes lower, LayerSizes upper) {
    List<Recurrence> recurrences = plan.stacked(lower);
    return CHUNKS.stream()
        .filter(chunk -> fits(plan, chunk, lower, upper))
        .flatMap(chunk -> recurrences.stream().map(r -> of(plan, chunk, lower, upper, r, false)))
        .toList();
  }

  /** Whether there is more than a chunk, and room for the projected inputs of two. */
  private static boolean fits(OpenClPlan plan, int chunk, LayerSizes lower, LayerSizes upper) {
    long stepBytes = OpenClPlan.stepBytes(lower) + OpenClPlan.stepBytes(upper);
    return chunk < lower.steps() && chunk * stepBytes <= plan.projectionBytes();
  }

  /** The same as a prediction, or as a measurement. */
  Wavefront withTuned(boolean other) {
    return new Wavefront(lag, products, recurrence, other);
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
