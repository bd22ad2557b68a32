package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Two stacked LSTM layers of one direction: one after the other or, where the plan has that faster,
 * as a wavefront. In wave w the lower layer does chunk w of its steps and the upper one, in the
 * same launches, chunk w-1, whose inputs the lower one left in the wave before. Reversed, chunks
 * run from the sequences' ends, for both alike.
 */
final class LstmPair implements LstmRunner {
  private static final List<Integer> PARTS = List.of(0, 1);
  private final Lstm stage;
  private final LstmLayer lower;
  private final LstmLayer upper;
  private final List<Lstm> stages;
  private final Programs programs;
  private final OpenClPlan plan;
  private final PersistentGuard guard;
  private final Map<Wavefront, Kernels> made = new HashMap<>();

  /** What a wavefront takes: the chain is without groups that wait for each other or with. */
  private record Kernels(
      List<LstmDirection> layers, Optional<LstmSteps> apart, Optional<LstmPersistent> together) {}

  /** Two layers for which {@link #stacked} holds. */
  LstmPair(
      Lstm lower,
      Lstm upper,
      Context context,
      Programs programs,
      OpenClPlan plan,
      PersistentGuard guard) {
    this.stage = lower;
    this.stages = List.of(lower, upper);
    this.programs = programs;
    this.plan = plan;
    this.guard = guard;
    this.lower = new LstmLayer(lower, context, programs, plan, guard);
    try {
      this.upper = new LstmLayer(upper, context, programs, plan, guard);
    } catch (RuntimeException | Error e) {
      this.lower.close();
      throw e;
    }
  }

  /**
   * Whether two layers that follow each other can share launches: the upper reads nothing of the
   * lower but y, and they differ in nothing but weights and the width of their inputs.
   */
  static boolean stacked(Lstm lower, Lstm upper, Values values) {
    Lstm.Direction below = lower.directions().get(0);
    Lstm.Direction above = upper.directions().get(0);
    return lower.directions().size() == 1
        && upper.directions().size() == 1
        && below.reverse() == above.reverse()
        && OpenClPlan.permitted(lower).alone()
        && OpenClPlan.permitted(upper).alone()
        && OpenClPlan.sameKernel(below.cell(), above.cell())
        && values.same(lower.y(), upper.x())
        && lower.time().equals(upper.time())
        && lower.batch().equals(upper.batch())
        && lower.lengths().equals(upper.lengths())
        && timeMajor(lower) == (upper.xLayout() == Lstm.SequenceLayout.TIME_MAJOR)
        && timeMajor(lower) == timeMajor(upper)
        && Stream.of(upper.initialH(), upper.initialC())
            .flatMap(Optional::stream)
            .noneMatch(initial -> isOutput(initial, lower, values));
  }

  /** Of y; with one direction the other axes lie alike in all layouts. */
  private static boolean timeMajor(Lstm layer) {
    return layer.yLayout() != Lstm.OutputLayout.BATCH_TIME_DIRECTION;
  }

  private static boolean isOutput(Value value, Lstm layer, Values values) {
    return layer.outputs().stream().anyMatch(output -> values.same(output, value));
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    Runnable apart = oneAfterTheOther(lower.bind(sizes, values), upper.bind(sizes, values));
    Optional<Wavefront> wavefront = wavefront(sizes);
    if (wavefront.isEmpty()) {
      return apart;
    }
    Runnable wave = bindWave(wavefront.get(), sizes, values);
    boolean waits = wavefront.get().recurrence() instanceof PersistentPlan.Cut;
    return () -> (waits && !guard.usable() ? apart : wave).run();
  }

  @Override
  public Runnable bindTraced(Map<String, Integer> sizes, Values values, GateBuffers traces) {
    return oneAfterTheOther(
        lower.bindTraced(sizes, values, traces), upper.bindTraced(sizes, values, traces));
  }

  private static Runnable oneAfterTheOther(Runnable first, Runnable second) {
    return () -> {
      first.run();
      second.run();
    };
  }

  private Optional<Wavefront> wavefront(Map<String, Integer> sizes) {
    int steps = stage.time().resolve(sizes);
    int sequences = stage.batch().resolve(sizes);
    return Wavefront.of(
        plan,
        LayerSizes.of(stages.get(0), steps, sequences),
        LayerSizes.of(stages.get(1), steps, sequences));
  }

  private Kernels kernels(Wavefront wavefront) {
    Kernels old = made.get(wavefront);
    if (old != null) {
      return old;
    }
    List<CellWeights> weights = List.of(lower.weights(), upper.weights());
    List<LstmDirection> layers = new ArrayList<>();
    for (int part : PARTS) {
      ProjectionTile product = wavefront.products().get(part);
      layers.add(
          new LstmDirection(stages.get(part), 0, part, weights.get(part), programs, plan, product));
    }
    LstmParts.Kind kind = LstmParts.Kind.LAYERS;
    Recurrence recurrence = wavefront.recurrence();
    Optional<LstmPersistent> together = Optional.empty();
    Optional<LstmSteps> apart = Optional.empty();
    if (recurrence instanceof PersistentPlan.Cut cut) {
      together =
          Optional.of(
              new LstmPersistent(
                  stage.directions().get(0).cell(), PARTS, kind, programs, plan, guard, cut));
    } else {
      apart = Optional.of(new LstmSteps(stage, PARTS, kind, programs, plan, recurrence));
    }
    Kernels kernels = new Kernels(layers, apart, together);
    made.put(wavefront, kernels);
    return kernels;
  }

  private Runnable bindWave(Wavefront wavefront, Map<String, Integer> sizes, Values values) {
    int steps = stage.time().resolve(sizes);
    int sequences = stage.batch().resolve(sizes);
    Kernels kernels = kernels(wavefront);
    int lag = wavefront.lag();
    RunOrder order = values.order(stage, steps, sequences);
    History history = History.of(steps, lag);
    History kept = kernels.together.map(chain -> chain.kept(history)).orElse(History.NONE);
    LstmParts parts =
        new LstmParts(
            0,
            lag,
            stage.directions().get(0).reverse() ? 0b11 : 0,
            ofOneDirection(stage.yStrides(steps, sequences)),
            ofOneDirection(stage.stateStrides(sequences, stage.outputSize())),
            ofOneDirection(stage.stateStrides(sequences, stage.hiddenSize())),
            kernels.layers.stream()
                .map(layer -> layer.bind(steps, lag, sequences, kept, order, values))
                .toList());
    kernels.together.ifPresent(chain -> chain.bind(sequences, history, parts, order, values));
    LstmChain chain =
        kernels.together.isPresent()
            ? kernels.together.get()
            : kernels.apart.orElseThrow().bind(sizes, parts, order, values, Optional.empty());
    int count = stage.y().shape().count().resolve(sizes);
    return () -> {
      lower.clearPastEnds(order, count);
      upper.clearPastEnds(order, count);
      kernels.layers.forEach(layer -> layer.begin(sequences, kept));
      chain.begin();
      run(kernels.layers, chain, parts, order);
    };
  }

  // each layer has its outputs for itself
  private static Lstm.Strides ofOneDirection(Lstm.Strides strides) {
    return new Lstm.Strides(strides.time(), 0, strides.batch());
  }

  private static void run(
      List<LstmDirection> layers, LstmChain chain, LstmParts parts, RunOrder order) {
    int longest = order.longest();
    int lag = parts.lag();
    for (int first = 0; longest > 0 && first < longest + lag; first += lag) {
      if (first < longest) {
        layers.get(0).projectInputs(first, Math.min(longest, first + lag), order);
      }
      if (first >= lag) {
        layers.get(1).projectInputs(first - lag, Math.min(longest, first), order);
      }
      // the upper layer's steps, where the lower one has fewer
      chain.enqueue(first, Math.min(first, longest) + lag, parts, order);
    }
  }

  @Override
  public List<String> variants(Map<String, Integer> sizes) {
    Optional<Wavefront> wavefront = wavefront(sizes);
    boolean waits = wavefront.isPresent() && kernels(wavefront.get()).together.isPresent();
    if (wavefront.isEmpty() || waits && !guard.usable()) {
      return Stream.of(lower, upper).flatMap(layer -> layer.variants(sizes).stream()).toList();
    }
    Kernels kernels = kernels(wavefront.get());
    int sequences = stage.batch().resolve(sizes);
    String kernel =
        waits
            ? kernels.together.orElseThrow().describe(sequences)
            : kernels.apart.orElseThrow().variant();
    String tuned = wavefront.get().tuned() ? ", tuned" : "";
    String variant = kernel + ", wavefront of " + wavefront.get().lag() + " steps" + tuned;
    return List.of(variant, variant);
  }

  @Override
  public void close() {
    for (Kernels kernels : made.values()) {
      kernels.layers.forEach(LstmDirection::close);
      kernels.apart.ifPresent(LstmSteps::close);
      kernels.together.ifPresent(LstmPersistent::close);
    }
    lower.close();
    upper.close();
  }
}
