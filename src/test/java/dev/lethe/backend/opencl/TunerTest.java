package dev.lethe.backend.opencl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is chosen on a device whose times are made up. */
class TunerTest {
  private static final OpenClPlan PLAN =
      OpenClPlan.of(OpenClPlanTest.facts(true, 4096, 1 << 20, 1 << 30));
  private static final LayerSizes SIZES = new LayerSizes(20, 8, 64, 100, 1);
  private static final List<Recurrence> KERNELS = PLAN.recurrences(SIZES, Recurrence.Permitted.ALL);

  /** Five milliseconds for all but this one. */
  private static Tuner.Trial<LayerChoice> all(Recurrence special, Tuner.Outcome outcome) {
    return (choice, best) -> choice.recurrence().equals(special) ? outcome : Tuner.Outcome.time(5);
  }

  private static Tuner.Result<LayerChoice> tune(OpenClPlan plan, Tuner.Trial<LayerChoice> trial) {
    return Tuner.tune(plan, SIZES, trial, tried -> {});
  }

  @Test
  void theFastestWins() {
    assertTrue(KERNELS.size() > 4, KERNELS::toString);
    for (Recurrence kernel : KERNELS) {
      Tuner.Result<LayerChoice> result = tune(PLAN, all(kernel, Tuner.Outcome.time(2)));
      assertEquals(kernel, result.best().orElseThrow().choice().recurrence());
    }
  }

  @Test
  void aWrongOneLosesHoweverFast() {
    for (Recurrence kernel : KERNELS) {
      Tuner.Result<LayerChoice> result = tune(PLAN, all(kernel, Tuner.Outcome.fault("wrong")));
      assertFalse(result.best().orElseThrow().choice().recurrence().equals(kernel));
    }
  }

  @Test
  void aSlowOneLoses() {
    for (Recurrence kernel : KERNELS) {
      Tuner.Result<LayerChoice> result = tune(PLAN, all(kernel, Tuner.Outcome.time(6)));
      assertFalse(result.best().orElseThrow().choice().recurrence().equals(kernel));
    }
  }

  @Test
  void noTimeIsAFault() {
    assertTrue(Tuner.Outcome.time(Double.NaN).fault().isPresent());
    assertTrue(Tuner.Outcome.time(Double.POSITIVE_INFINITY).fault().isPresent());
  }

  @Test
  void whereNothingIsRightNothingIsTaken() {
    Tuner.Result<LayerChoice> result =
        tune(PLAN, (choice, best) -> Tuner.Outcome.fault("does not build"));
    assertEquals(Optional.empty(), result.best());
  }

  @Test
  void theUsualStaysUnlessSomethingIsClearlyFaster() {
    LayerChoice usual = PLAN.choose(SIZES, Recurrence.Permitted.ALL);
    Tuner.Trial<LayerChoice> noise =
        (choice, best) ->
            Tuner.Outcome.time(choice.recurrence().equals(usual.recurrence()) ? 5 : 4.9);
    Tuner.Result<LayerChoice> result = tune(PLAN, noise);
    assertEquals(result.usual(), result.best().orElseThrow());
    assertEquals(usual.recurrence(), result.usual().choice().recurrence());
  }

  @Test
  void everyKernelAndEveryProductIsTriedOnce() {
    List<LayerChoice> seen = new ArrayList<>();
    ProductTile fast = PLAN.products().get(2);
    Tuner.Trial<LayerChoice> trial =
        (choice, best) -> {
          seen.add(choice);
          return Tuner.Outcome.time(choice.product().equals(fast) ? 3 : 5);
        };
    Tuner.Result<LayerChoice> result = tune(PLAN, trial);
    assertEquals(Tuner.trials(PLAN, SIZES), seen.size());
    assertEquals(seen.size(), seen.stream().distinct().count());
    assertEquals(fast, result.best().orElseThrow().choice().product());
    for (Recurrence kernel : KERNELS) {
      assertTrue(seen.stream().anyMatch(choice -> choice.recurrence().equals(kernel)));
    }
  }

  @Test
  void everyProductOnMatrixUnitsIsTriedToo() {
    OpenClPlan matrix = OpenClPlan.of(OpenClPlanTest.h200(), Precision.FP16);
    LayerSizes sizes = new LayerSizes(20, 8, 64, 300, 1);
    for (MatrixProductTile fast : MatrixProductTile.ALL) {
      Tuner.Trial<LayerChoice> trial =
          (choice, best) -> Tuner.Outcome.time(choice.product().equals(fast) ? 3 : 5);
      LayerChoice best =
          Tuner.tune(matrix, sizes, trial, tried -> {}).best().orElseThrow().choice();
      assertEquals(fast, best.product());
      assertEquals(matrix.products(), matrix.only(best).products());
      TunedLayers.Entry entry = TunedLayers.Entry.of(sizes, Precision.FP16, best, 1);
      assertEquals(best, choose(matrix.withTuned(TunedLayers.NONE.with(entry)), sizes));
    }
  }

  @Test
  void aTrialSeesTheBestSoFar() {
    List<Double> bests = new ArrayList<>();
    double[] times = {7, 3, 5, 4};
    tune(
        PLAN,
        (choice, best) -> {
          bests.add(best);
          return Tuner.Outcome.time(times[Math.min(bests.size(), times.length) - 1]);
        });
    assertEquals(List.of(7.0, 3.0, 3.0), bests.subList(1, 4));
  }

  @Test
  void thePlanTakesWhatFitsAndOtherwiseItsOwn() {
    Recurrence slow = PLAN.steps().get(3);
    ProductTile product = PLAN.products().get(1);
    LayerChoice measured = new LayerChoice(product, slow, true);
    TunedLayers.Entry entry = TunedLayers.Entry.of(SIZES, Precision.FP32, measured, 1);
    OpenClPlan tuned = PLAN.withTuned(TunedLayers.NONE.with(entry));
    LayerChoice usual = PLAN.choose(SIZES, Recurrence.Permitted.ALL);
    assertEquals(measured, choose(tuned, SIZES));
    assertEquals(measured, choose(tuned, new LayerSizes(99, 4, 3, 100, 1)));
    assertEquals(measured, choose(tuned, new LayerSizes(1, 16, 3, 100, 1)));
    assertEquals(usual, choose(tuned, new LayerSizes(20, 3, 64, 100, 1)));
    assertEquals(usual, choose(tuned, new LayerSizes(20, 17, 64, 100, 1)));
    assertEquals(usual, choose(tuned, new LayerSizes(20, 8, 64, 101, 1)));
    assertEquals(usual, choose(tuned, new LayerSizes(20, 8, 64, 100, 2)));
    // a tile that the plan does not have, as a file that was tampered with may say
    for (List<Integer> tile : List.of(List.of(1 << 20, 4, 2, 16), List.<Integer>of())) {
      TunedLayers.Entry odd =
          new TunedLayers.Entry(SIZES, Precision.FP32, "lstm_step", tile, tile, 1);
      assertEquals(usual, choose(PLAN.withTuned(TunedLayers.NONE.with(odd)), SIZES));
    }
  }

  private static LayerChoice choose(OpenClPlan plan, LayerSizes sizes) {
    return plan.choose(sizes, Recurrence.Permitted.ALL);
  }

  private static final OpenClPlan H200 = OpenClPlan.of(OpenClPlanTest.h200(), Precision.FP16);
  private static final LayerSizes STACKED = new LayerSizes(50, 32, 512, 512, 1);

  private static Tuner.Result<Optional<Wavefront>> tunePair(
      Tuner.Trial<Optional<Wavefront>> trial) {
    return Tuner.tunePair(H200, STACKED, trial, tried -> {});
  }

  private static Optional<Wavefront> wavefront(OpenClPlan plan, LayerSizes lower) {
    return Wavefront.of(plan, lower, lower.above());
  }

  /** What sessions do if this was the fastest. */
  private static OpenClPlan measured(Optional<Wavefront> best) {
    TunedLayers.Pair pair = TunedLayers.Pair.of(STACKED, Precision.FP16, best, 1);
    return H200.withTuned(TunedLayers.NONE.with(pair));
  }

  @Test
  void theFastestChunkWinsAndIsTaken() {
    List<Wavefront> chunks = Wavefront.candidates(H200, STACKED, STACKED.above());
    assertEquals(List.of(4, 8, 16, 32), chunks.stream().map(Wavefront::lag).distinct().toList());
    for (Wavefront fast : chunks) {
      Optional<Wavefront> best =
          tunePair((choice, least) -> Tuner.Outcome.time(choice.equals(Optional.of(fast)) ? 2 : 5))
              .best()
              .orElseThrow()
              .choice();
      assertEquals(Optional.of(fast), best);
      assertEquals(Optional.of(fast.withTuned(true)), wavefront(measured(best), STACKED));
    }
  }

  @Test
  void oneLayerAfterTheOtherCanWinToo() {
    Optional<Wavefront> usual = wavefront(H200, STACKED);
    assertTrue(usual.isPresent());
    Tuner.Result<Optional<Wavefront>> result =
        tunePair((choice, least) -> Tuner.Outcome.time(choice.isEmpty() ? 2 : 5));
    assertEquals(usual, result.usual().choice());
    assertEquals(Optional.empty(), result.best().orElseThrow().choice());
    assertEquals(Optional.empty(), wavefront(measured(Optional.empty()), STACKED));
    assertTrue(result.tried().size() <= Tuner.mostPairTrials());
  }

  @Test
  void aWrongChunkLosesHoweverFast() {
    Tuner.Result<Optional<Wavefront>> result =
        tunePair(
            (choice, least) ->
                choice.isPresent() ? Tuner.Outcome.fault("wrong") : Tuner.Outcome.time(9));
    assertEquals(Optional.empty(), result.best().orElseThrow().choice());
  }

  @Test
  void theKernelThatWonForOneLayerIsTriedForTwo() {
    for (Recurrence kernel : H200.stacked(STACKED)) {
      LayerChoice choice = new LayerChoice(H200.projections().get(0), kernel, true);
      TunedLayers.Entry entry = TunedLayers.Entry.of(STACKED, Precision.FP16, choice, 1);
      OpenClPlan tuned = H200.withTuned(TunedLayers.NONE.with(entry));
      List<Wavefront> chunks = Wavefront.candidates(tuned, STACKED, STACKED.above());
      assertTrue(chunks.stream().anyMatch(w -> w.recurrence().equals(kernel)), kernel::toString);
    }
  }

  @Test
  void aPairThatDoesNotFitIsAsIfItWereNotThere() {
    Optional<Wavefront> best = wavefront(H200, STACKED);
    OpenClPlan tuned = measured(best);
    // fewer steps than a chunk, another batch, another size
    for (LayerSizes other :
        List.of(
            STACKED.withSteps(4),
            new LayerSizes(50, 65, 512, 512, 1),
            new LayerSizes(50, 32, 512, 256, 1))) {
      assertEquals(wavefront(H200, other), wavefront(tuned, other));
    }
    TunedLayers.Pair odd =
        new TunedLayers.Pair(STACKED, Precision.FP16, 4, "lstm_step", List.of(7), 1);
    assertEquals(best, wavefront(H200.withTuned(TunedLayers.NONE.with(odd)), STACKED));
  }

  @Test
  void theNearestCounts() {
    List<TunedLayers.Entry> entries = new ArrayList<>();
    for (int[] s : new int[][] {{10, 8, 64}, {10, 16, 64}, {10, 16, 32}, {50, 16, 32}}) {
      LayerSizes sizes = new LayerSizes(s[0], s[1], s[2], 100, 1);
      entries.add(
          new TunedLayers.Entry(sizes, Precision.FP32, "k", List.of(), List.of(), entries.size()));
    }
    TunedLayers tuned = new TunedLayers(entries);
    assertEquals(0, nearest(tuned, 1, 9, 30));
    assertEquals(1, nearest(tuned, 1, 14, 60));
    assertEquals(2, nearest(tuned, 9, 14, 30));
    assertEquals(3, nearest(tuned, 100, 14, 30));
    LayerSizes wanted = new LayerSizes(10, 8, 64, 100, 1);
    assertEquals(Optional.empty(), tuned.nearest(wanted, Precision.FP16));
  }

  private static double nearest(TunedLayers tuned, int steps, int batch, int input) {
    return tuned
        .nearest(new LayerSizes(steps, batch, input, 100, 1), Precision.FP32)
        .orElseThrow()
        .milliseconds();
  }
}
