package dev.lethe.backend.opencl;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Finds the fastest choice among those of a plan, whatever it is that tries them.
 *
 * @param <C> what is chosen
 */
final class Tuner<C> {
  /** Builds, checks and times a choice. */
  interface Trial<C> {
    /**
     * Tries it.
     *
     * @param best milliseconds of the fastest so far; what is much slower need not be timed well
     */
    Outcome run(C choice, double best);
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
  record Tried<C>(C choice, Outcome outcome) {}

  /**
   * What came out.
   *
   * @param usual what the plan takes without measurement
   * @param best the fastest that is right; empty if none is
   * @param tried everything, in order
   */
  record Result<C>(Tried<C> usual, Optional<Tried<C>> best, List<Tried<C>> tried) {}

  private final Trial<C> trial;
  private final Consumer<Tried<C>> progress;
  private final List<Tried<C>> tried = new ArrayList<>();

  private Tuner(Trial<C> trial, Consumer<Tried<C>> progress) {
    this.trial = trial;
    this.progress = progress;
  }

  /** Trials that {@link #tune} makes. */
  static int trials(OpenClPlan plan, LayerSizes sizes) {
    int recurrences = plan.recurrences(sizes, Recurrence.Permitted.ALL).size();
    return recurrences + plan.projections().size() - 1;
  }

  /**
   * Tries what a layer can choose from. First every kernel and tile of the recurrence with the
   * product that the plan would take, then every tile of the product with the best of these: the
   * two do not overlap, so their times add up.
   *
   * @param progress is told of each trial
   */
  static Result<LayerChoice> tune(
      OpenClPlan plan,
      LayerSizes sizes,
      Trial<LayerChoice> trial,
      Consumer<Tried<LayerChoice>> progress) {
    Tuner<LayerChoice> tuner = new Tuner<>(trial, progress);
    Recurrence.Permitted all = Recurrence.Permitted.ALL;
    LayerChoice first = plan.withTuned(TunedLayers.NONE).choose(sizes, all);
    ProjectionTile product = first.product();
    tuner.attempt(new LayerChoice(product, first.recurrence(), true));
    for (Recurrence recurrence : plan.recurrences(sizes, all)) {
      if (!recurrence.equals(first.recurrence())) {
        tuner.attempt(new LayerChoice(product, recurrence, true));
      }
    }
    Recurrence fastest =
        tuner.result().best().map(t -> t.choice().recurrence()).orElse(first.recurrence());
    for (ProjectionTile other : plan.projections()) {
      if (!other.equals(product)) {
        tuner.attempt(new LayerChoice(other, fastest, true));
      }
    }
    return tuner.result();
  }

  /** Trials that {@link #tunePair} makes at most. */
  static int mostPairTrials() {
    return 2 + 2 * Wavefront.CHUNKS.size();
  }

  /**
   * Tries how two stacked layers can run: one after the other, or in chunks.
   *
   * @param plan with what has been measured of each layer alone
   * @param progress is told of each trial
   */
  static Result<Optional<Wavefront>> tunePair(
      OpenClPlan plan,
      LayerSizes lower,
      Trial<Optional<Wavefront>> trial,
      Consumer<Tried<Optional<Wavefront>>> progress) {
    Tuner<Optional<Wavefront>> tuner = new Tuner<>(trial, progress);
    pairChoices(plan, lower).forEach(tuner::attempt);
    return tuner.result();
  }

  /** What the plan takes without measurement is the first. */
  private static Set<Optional<Wavefront>> pairChoices(OpenClPlan plan, LayerSizes lower) {
    OpenClPlan unmeasured = plan.withTuned(new TunedLayers(plan.tuned().entries(), List.of()));
    Set<Optional<Wavefront>> choices = new LinkedHashSet<>();
    choices.add(Wavefront.of(unmeasured, lower, lower.above()).map(w -> w.withTuned(false)));
    choices.add(Optional.empty());
    Wavefront.candidates(unmeasured, lower, lower.above())
        .forEach(w -> choices.add(Optional.of(w)));
    return choices;
  }

  private void attempt(C choice) {
    double best = tried.stream().mapToDouble(t -> t.outcome().milliseconds()).min().orElse(1e9);
    Tried<C> now = new Tried<>(choice, trial.run(choice, best));
    tried.add(now);
    progress.accept(now);
  }

  /**
   * The fastest of what is right; the first, which the plan takes anyway, unless something is
   * clearly faster.
   */
  private Result<C> result() {
    Tried<C> usual = tried.get(0);
    Optional<Tried<C>> fastest =
        tried.stream()
            .filter(each -> each.outcome().fault().isEmpty())
            .min(Comparator.comparingDouble(each -> each.outcome().milliseconds()));
    boolean keep =
        usual.outcome().fault().isEmpty()
            && fastest.orElseThrow().outcome().milliseconds()
                > OpenClPlan.WORTH * usual.outcome().milliseconds();
    return new Result<>(usual, keep ? Optional.of(usual) : fastest, List.copyOf(tried));
  }
}
