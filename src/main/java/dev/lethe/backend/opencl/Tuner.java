package dev.lethe.backend.opencl;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Finds the fastest choice of kernels for a layer among those of a plan, whatever it is that tries
 * them. First every kernel and tile of the recurrence with the product that the plan would take,
 * then every tile of the product with the best of these: the two do not overlap, so their times add
 * up.
 */
final class Tuner {
  /** Builds, checks and times a choice. */
  interface Trial {
    /**
     * Tries it.
     *
     * @param best milliseconds of the fastest so far; what is much slower need not be timed well
     */
    Outcome run(LayerChoice choice, double best);
  }

  /**
   * How a trial ended.
   *
   * @param fault why it must not be taken: it does not build, or computes something else
   * @param milliseconds of a run, where there is no fault
   */
  record Outcome(Optional<String> fault, double milliseconds) {
    static Outcome time(double milliseconds) {
      return Double.isFinite(milliseconds)
          ? new Outcome(Optional.empty(), milliseconds)
          : fault("no time was measured");
    }

    static Outcome fault(String why) {
      return new Outcome(Optional.of(why), Double.POSITIVE_INFINITY);
    }
  }

  /** A choice with its outcome. */
  record Tried(LayerChoice choice, Outcome outcome) {}

  /**
   * What came out.
   *
   * @param usual what the plan takes without measurement
   * @param best the fastest that is right; empty if none is
   * @param tried everything, in order
   */
  record Result(Tried usual, Optional<Tried> best, List<Tried> tried) {}

  private final OpenClPlan plan;
  private final LayerSizes sizes;
  private final Trial trial;
  private final Consumer<Tried> progress;
  private final List<Tried> tried = new ArrayList<>();

  private Tuner(OpenClPlan plan, LayerSizes sizes, Trial trial, Consumer<Tried> progress) {
    this.plan = plan.withTuned(TunedLayers.NONE);
    this.sizes = sizes;
    this.trial = trial;
    this.progress = progress;
  }

  /** Trials that {@link #tune} makes. */
  static int trials(OpenClPlan plan, LayerSizes sizes) {
    int recurrences = plan.recurrences(sizes, Recurrence.Permitted.ALL).size();
    return recurrences + plan.projections().size() - 1;
  }

  /**
   * Tries everything.
   *
   * @param progress is told of each trial
   */
  static Result tune(OpenClPlan plan, LayerSizes sizes, Trial trial, Consumer<Tried> progress) {
    return new Tuner(plan, sizes, trial, progress).run();
  }

  private Result run() {
    Recurrence.Permitted all = Recurrence.Permitted.ALL;
    LayerChoice first = plan.choose(sizes, all);
    ProjectionTile product = first.product();
    Tried usual = attempt(product, first.recurrence());
    for (Recurrence recurrence : plan.recurrences(sizes, all)) {
      if (!recurrence.equals(first.recurrence())) {
        attempt(product, recurrence);
      }
    }
    Recurrence fastest = best(usual).map(t -> t.choice().recurrence()).orElse(first.recurrence());
    for (ProjectionTile other : plan.projections()) {
      if (!other.equals(product)) {
        attempt(other, fastest);
      }
    }
    return new Result(usual, best(usual), List.copyOf(tried));
  }

  private Tried attempt(ProjectionTile product, Recurrence recurrence) {
    LayerChoice choice = new LayerChoice(product, recurrence, true);
    double best = tried.stream().mapToDouble(t -> t.outcome().milliseconds()).min().orElse(1e9);
    Tried now = new Tried(choice, trial.run(choice, best));
    tried.add(now);
    progress.accept(now);
    return now;
  }

  /**
   * The fastest of what is right; what the plan takes anyway unless something is clearly faster.
   */
  private Optional<Tried> best(Tried usual) {
    Optional<Tried> fastest = Optional.empty();
    double least = Double.POSITIVE_INFINITY;
    for (Tried each : tried) {
      double time = each.outcome().milliseconds();
      if (each.outcome().fault().isEmpty() && time < least) {
        fastest = Optional.of(each);
        least = time;
      }
    }
    boolean keep =
        usual.outcome().fault().isEmpty()
            && least > OpenClPlan.WORTH * usual.outcome().milliseconds();
    return keep ? Optional.of(usual) : fastest;
  }
}
