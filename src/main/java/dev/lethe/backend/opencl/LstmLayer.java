package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One LSTM layer, by the kernels that the plan chooses for a run's sizes: its directions together
 * (lstm_persistent.cl), otherwise one after the other. Kernels for other sizes are made when such
 * sizes are first bound, and kept.
 */
final class LstmLayer implements StageRunner {
  /** What is likely to be run, so that a kernel that does not compile fails when it is opened. */
  private static final int USUAL_STEPS = 64;

  private static final int USUAL_BATCH = 32;

  private final Lstm stage;
  private final Context context;
  private final Programs programs;
  private final OpenClPlan plan;
  private final Recurrence.Permitted permitted;
  // not clEnqueueFillBuffer, whose bytes Oclgrind takes for uninitialized
  private final Kernel clear;
  private final List<CellWeights> weights = new ArrayList<>();
  private final PersistentGuard guard;
  private final Map<LayerChoice, Kernels> made = new HashMap<>();

  /** What a choice takes; without {@code together} the directions run one after the other. */
  private record Kernels(List<LstmDirection> directions, Optional<LstmPersistent> together) {}

  LstmLayer(
      Lstm stage, Context context, Programs programs, OpenClPlan plan, PersistentGuard guard) {
    this.stage = stage;
    this.context = context;
    this.programs = programs;
    this.plan = plan;
    this.permitted = OpenClPlan.permitted(stage);
    plan.requireDepth(stage.name(), Math.max(stage.inputSize(), stage.hiddenSize()));
    this.clear = programs.kernel("move.cl", "clear", "");
    this.guard = guard;
    boolean units = plan.onMatrixUnits(stage.hiddenSize(), permitted);
    for (Lstm.Direction direction : stage.directions()) {
      weights.add(new CellWeights(context, stage.name(), direction.cell(), plan, units));
    }
    LayerSizes usual = LayerSizes.of(stage, USUAL_STEPS, USUAL_BATCH);
    kernels(plan.choose(usual, permitted), usual);
  }

  private Kernels kernels(LayerChoice choice, LayerSizes sizes) {
    Kernels old = made.get(choice);
    if (old != null) {
      return old;
    }
    boolean together = choice.recurrence() instanceof PersistentPlan.Cut;
    // for runs that are traced, and where groups do not meet
    Recurrence apart =
        together
            ? plan.choose(sizes, permitted.withoutTogether()).recurrence()
            : choice.recurrence();
    List<LstmDirection> directions = new ArrayList<>();
    for (int d = 0; d < stage.directions().size(); d++) {
      directions.add(
          new LstmDirection(
              stage, d, weights.get(d), programs, plan, choice.product(), apart, together));
    }
    Optional<LstmPersistent> persistent =
        choice.recurrence() instanceof PersistentPlan.Cut cut
            ? Optional.of(new LstmPersistent(stage, context, programs, plan, guard, cut))
            : Optional.empty();
    Kernels kernels = new Kernels(directions, persistent);
    made.put(choice, kernels);
    return kernels;
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    return bind(sizes, values, Optional.empty());
  }

  /**
   * Like {@link #bind}, and what is returned leaves the gates in {@code traces}; compiles when
   * called for the first time. To be called when bound for these sizes, which stays as it is.
   */
  Runnable bindTraced(Map<String, Integer> sizes, Values values, GateBuffers traces) {
    return bind(sizes, values, Optional.of(traces));
  }

  private Runnable bind(Map<String, Integer> sizes, Values values, Optional<GateBuffers> traces) {
    int steps = stage.time().resolve(sizes);
    int sequences = stage.batch().resolve(sizes);
    LayerSizes layer = LayerSizes.of(stage, steps, sequences);
    Kernels kernels = kernels(plan.choose(layer, permitted), layer);
    List<LstmDirection> directions = kernels.directions;
    String lengths = stage.lengths().map(value -> value.name()).orElse(RunOrder.FULL);
    RunOrder order = values.order(lengths, steps, sequences);
    List<Runnable> runs =
        directions.stream().map(d -> d.bind(steps, sequences, order, values, traces)).toList();
    int count = stage.y().shape().count().resolve(sizes);
    clear.set(0, count).set(1, values.of(stage.y()));
    Optional<LstmPersistent> together = traces.isEmpty() ? kernels.together : Optional.empty();
    together.ifPresent(p -> bindTogether(p, directions, steps, sequences, order, values));
    int stepsPerChunk = directions.get(0).stepsPerChunk(steps, sequences);
    return () -> {
      if (order.ragged()) {
        clear.launch(count, 1, plan.flatItems(), 1);
      }
      if (together.isPresent() && guard.usable()) {
        runTogether(together.get(), directions, sequences, order, stepsPerChunk);
        return;
      }
      for (Runnable run : runs) {
        run.run();
      }
    };
  }

  /** Which kernel runs the recurrence for these sizes, how it is cut, and whether that is tuned. */
  String variant(Map<String, Integer> sizes) {
    int sequences = stage.batch().resolve(sizes);
    LayerSizes layer = LayerSizes.of(stage, stage.time().resolve(sizes), sequences);
    LayerChoice choice = plan.choose(layer, permitted);
    Kernels kernels = kernels(choice, layer);
    String variant =
        guard.usable() && kernels.together.isPresent()
            ? kernels.together.get().describe(sequences)
            : kernels.directions.get(0).variant();
    return choice.tuned() ? variant + ", tuned" : variant;
  }

  private void bindTogether(
      LstmPersistent together,
      List<LstmDirection> directions,
      int steps,
      int sequences,
      RunOrder order,
      Values values) {
    together.bind(
        sequences,
        directions.stream().map(d -> d.targets(steps, sequences)).toList(),
        order,
        directions.stream().map(d -> d.projected(steps, sequences, values)).toList(),
        weights,
        directions.stream().map(d -> d.state(sequences, values)).toList(),
        values);
  }

  private static void runTogether(
      LstmPersistent together,
      List<LstmDirection> directions,
      int sequences,
      RunOrder order,
      int stepsPerChunk) {
    directions.forEach(d -> d.begin(sequences));
    together.begin();
    int longest = order.longest();
    for (int first = 0; first < longest; first += stepsPerChunk) {
      int end = Math.min(longest, first + stepsPerChunk);
      for (LstmDirection direction : directions) {
        direction.projectInputs(first, end, order);
      }
      together.enqueue(first, end, order.firstRow(first));
    }
  }

  @Override
  public void close() {
    for (Kernels kernels : made.values()) {
      kernels.directions.forEach(LstmDirection::close);
      kernels.together.ifPresent(LstmPersistent::close);
    }
    weights.forEach(CellWeights::close);
    clear.close();
  }
}
