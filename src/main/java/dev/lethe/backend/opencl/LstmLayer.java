package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One LSTM layer, by the kernels that the plan chooses for a run's sizes: two directions in the
 * same launches, or one after the other where they are not alike or where work-groups that wait for
 * each other would not all run at once. Kernels for other sizes are made when such sizes are first
 * bound, and kept.
 */
final class LstmLayer implements LstmRunner {
  /** What is likely to be run, so that a kernel that does not compile fails when it is opened. */
  private static final int USUAL_STEPS = 64;

  private static final int USUAL_BATCH = 32;

  private static final List<Group<LstmPersistent>> NO_GROUPS = List.of();

  private final Lstm stage;
  private final Programs programs;
  private final OpenClPlan plan;
  private final Recurrence.Permitted permitted;
  // not clEnqueueFillBuffer, whose bytes Oclgrind takes for uninitialized
  private final Kernel clear;
  private final List<CellWeights> weights = new ArrayList<>();
  private final PersistentGuard guard;
  private final Map<Key, Kernels> made = new HashMap<>();

  /** {@code atOnce}: directions whose groups wait in one launch; 0 if none do. */
  private record Key(LayerChoice choice, int atOnce) {}

  /** The directions that are in the same launches, and their kernels. */
  private record Group<K>(List<Integer> directions, K kernels) {}

  /**
   * What a choice takes.
   *
   * @param apart without groups that wait for each other
   * @param together with such, or empty
   */
  private record Kernels(
      List<LstmDirection> directions,
      List<Group<LstmSteps>> apart,
      List<Group<LstmPersistent>> together) {}

  LstmLayer(
      Lstm stage, Context context, Programs programs, OpenClPlan plan, PersistentGuard guard) {
    this.stage = stage;
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
    int atOnce =
        choice.recurrence() instanceof PersistentPlan.Cut cut
            ? plan.persistent().atOnce(cut, sizes)
            : 0;
    Key key = new Key(choice, atOnce);
    Kernels old = made.get(key);
    if (old != null) {
      return old;
    }
    // for runs that are traced, and where groups do not meet
    Recurrence apart =
        atOnce > 0
            ? plan.choose(sizes, permitted.withoutTogether()).recurrence()
            : choice.recurrence();
    List<LstmDirection> directions = new ArrayList<>();
    for (int d = 0; d < stage.directions().size(); d++) {
      directions.add(
          new LstmDirection(stage, d, d, weights.get(d), programs, plan, choice.product()));
    }
    List<Group<LstmSteps>> steps = new ArrayList<>();
    for (List<Integer> group : groups(OpenClPlan.alike(stage) ? 2 : 1)) {
      LstmSteps own = new LstmSteps(stage, group, kind(group), programs, plan, apart);
      steps.add(new Group<>(group, own));
    }
    List<Group<LstmPersistent>> together = new ArrayList<>();
    if (choice.recurrence() instanceof PersistentPlan.Cut cut) {
      Cell cell = stage.directions().get(0).cell();
      for (List<Integer> group : groups(atOnce)) {
        together.add(
            new Group<>(
                group, new LstmPersistent(cell, group, kind(group), programs, plan, guard, cut)));
      }
    }
    Kernels kernels = new Kernels(directions, steps, together);
    made.put(key, kernels);
    return kernels;
  }

  /** The directions, so many at a time. */
  private List<List<Integer>> groups(int atOnce) {
    int count = stage.directions().size();
    if (count == 1) {
      return List.of(List.of(0));
    }
    return atOnce == count ? List.of(List.of(0, 1)) : List.of(List.of(0), List.of(1));
  }

  private static LstmParts.Kind kind(List<Integer> group) {
    return group.size() > 1 ? LstmParts.Kind.DIRECTIONS : LstmParts.Kind.ONE;
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    return bind(sizes, values, Optional.empty());
  }

  @Override
  public Runnable bindTraced(Map<String, Integer> sizes, Values values, GateBuffers traces) {
    return bind(sizes, values, Optional.of(traces));
  }

  private Runnable bind(Map<String, Integer> sizes, Values values, Optional<GateBuffers> traces) {
    int steps = stage.time().resolve(sizes);
    int sequences = stage.batch().resolve(sizes);
    LayerSizes layer = LayerSizes.of(stage, steps, sequences);
    Kernels kernels = kernels(plan.choose(layer, permitted), layer);
    RunOrder order = values.order(stage, steps, sequences);
    int chunk = plan.stepsPerChunk(layer);
    // only kernels of single steps leave traces
    List<Group<LstmPersistent>> waiting = traces.isEmpty() ? kernels.together : NO_GROUPS;
    History history = History.of(steps, chunk);
    History kept = waiting.isEmpty() ? History.NONE : waiting.get(0).kernels.kept(history);
    List<LstmParts.Part> parts =
        kernels.directions.stream()
            .map(d -> d.bind(steps, chunk, sequences, kept, order, values))
            .toList();
    int count = stage.y().shape().count().resolve(sizes);
    clear.set(0, count).set(1, values.of(stage.y()));
    List<Runnable> apart = new ArrayList<>();
    for (Group<LstmSteps> group : kernels.apart) {
      LstmParts own = parts(group.directions, parts, steps, sequences);
      LstmChain chain = group.kernels.bind(sizes, own, order, values, traces);
      apart.add(run(kernels, group.directions, chain, own, chunk, sequences, History.NONE, order));
    }
    List<Runnable> together = new ArrayList<>();
    for (Group<LstmPersistent> group : waiting) {
      LstmParts own = parts(group.directions, parts, steps, sequences);
      group.kernels.bind(sequences, history, own, order, values);
      together.add(
          run(kernels, group.directions, group.kernels, own, chunk, sequences, kept, order));
    }
    return () -> {
      clearPastEnds(order, count);
      for (Runnable run : !together.isEmpty() && guard.usable() ? together : apart) {
        run.run();
      }
    };
  }

  /**
   * Starts the filling of y, once bound, with zeros past the ends of sequences that are shorter
   * than the time axis.
   *
   * @param count of y's elements
   */
  void clearPastEnds(RunOrder order, int count) {
    if (order.ragged()) {
      clear.launch(count, 1, plan.flatItems(), 1);
    }
  }

  /** Of the one direction of a layer that has no other. */
  CellWeights weights() {
    return weights.get(0);
  }

  private LstmParts parts(
      List<Integer> directions, List<LstmParts.Part> all, int steps, int sequences) {
    int reversed = 0;
    for (int d = 0; d < stage.directions().size(); d++) {
      reversed |= stage.directions().get(d).reverse() ? 1 << d : 0;
    }
    return new LstmParts(
        directions.get(0),
        0,
        reversed,
        stage.yStrides(steps, sequences),
        stage.stateStrides(sequences, stage.outputSize()),
        stage.stateStrides(sequences, stage.hiddenSize()),
        directions.stream().map(all::get).toList());
  }

  /** Runs directions that are in the same launches, a chunk of time after the other. */
  private Runnable run(
      Kernels kernels,
      List<Integer> group,
      LstmChain chain,
      LstmParts parts,
      int chunk,
      int sequences,
      History history,
      RunOrder order) {
    List<LstmDirection> directions = group.stream().map(kernels.directions::get).toList();
    return () -> {
      directions.forEach(d -> d.begin(sequences, history));
      chain.begin();
      int longest = order.longest();
      for (int first = 0; first < longest; first += chunk) {
        int end = Math.min(longest, first + chunk);
        for (LstmDirection direction : directions) {
          direction.projectInputs(first, end, order);
        }
        chain.enqueue(first, end, parts, order);
      }
    };
  }

  @Override
  public List<String> variants(Map<String, Integer> sizes) {
    int sequences = stage.batch().resolve(sizes);
    LayerSizes layer = LayerSizes.of(stage, stage.time().resolve(sizes), sequences);
    LayerChoice choice = plan.choose(layer, permitted);
    Kernels kernels = kernels(choice, layer);
    String variant =
        guard.usable() && !kernels.together.isEmpty()
            ? kernels.together.get(0).kernels.describe(sequences)
            : kernels.apart.get(0).kernels.variant();
    return List.of(choice.tuned() ? variant + ", tuned" : variant);
  }

  @Override
  public void close() {
    for (Kernels kernels : made.values()) {
      kernels.directions.forEach(LstmDirection::close);
      kernels.apart.forEach(group -> group.kernels.close());
      kernels.together.forEach(group -> group.kernels.close());
    }
    weights.forEach(CellWeights::close);
    clear.close();
  }
}
