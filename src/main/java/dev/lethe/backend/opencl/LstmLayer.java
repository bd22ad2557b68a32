package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One LSTM layer: its directions together where the plan has it so (lstm_persistent.cl), otherwise
 * one after the other.
 */
final class LstmLayer implements StageRunner {
  private final Lstm stage;
  private final OpenClPlan plan;
  // not clEnqueueFillBuffer, whose bytes Oclgrind takes for uninitialized
  private final Kernel clear;
  private final List<LstmDirection> directions = new ArrayList<>();
  private final PersistentGuard guard;
  private final Optional<LstmPersistent> persistent;

  LstmLayer(
      Lstm stage, Context context, Programs programs, OpenClPlan plan, PersistentGuard guard) {
    this.stage = stage;
    this.plan = plan;
    this.clear = programs.kernel("move.cl", "clear", "");
    this.guard = guard;
    this.persistent = LstmPersistent.of(stage, context, programs, plan, guard);
    boolean apart = persistent.isPresent();
    for (int d = 0; d < stage.directions().size(); d++) {
      directions.add(new LstmDirection(stage, d, context, programs, plan, apart));
    }
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
    String lengths = stage.lengths().map(value -> value.name()).orElse(RunOrder.FULL);
    RunOrder order = values.order(lengths, steps, sequences);
    List<Runnable> runs =
        directions.stream().map(d -> d.bind(steps, sequences, order, values, traces)).toList();
    int count = stage.y().shape().count().resolve(sizes);
    clear.set(0, count).set(1, values.of(stage.y()));
    boolean together =
        traces.isEmpty() && persistent.isPresent() && persistent.get().takes(sequences);
    if (together) {
      bindPersistent(steps, sequences, order, values);
    }
    int stepsPerChunk = directions.get(0).stepsPerChunk(steps, sequences);
    return () -> {
      if (order.ragged()) {
        clear.launch(count, 1, plan.flatItems(), 1);
      }
      if (together && guard.usable()) {
        runPersistent(sequences, order, stepsPerChunk);
        return;
      }
      for (Runnable run : runs) {
        run.run();
      }
    };
  }

  /** Which kernel runs the recurrence for these sizes, and its tile. */
  String variant(Map<String, Integer> sizes) {
    int sequences = stage.batch().resolve(sizes);
    if (guard.usable() && persistent.isPresent() && persistent.get().takes(sequences)) {
      return persistent.get().describe(sequences);
    }
    return directions.get(0).variant();
  }

  private void bindPersistent(int steps, int sequences, RunOrder order, Values values) {
    persistent
        .orElseThrow()
        .bind(
            sequences,
            directions.stream().map(d -> d.targets(steps, sequences)).toList(),
            order,
            directions.stream().map(d -> d.projected(steps, sequences, values)).toList(),
            directions.stream().map(LstmDirection::weights).toList(),
            directions.stream().map(d -> d.state(sequences, values)).toList(),
            values);
  }

  private void runPersistent(int sequences, RunOrder order, int stepsPerChunk) {
    directions.forEach(d -> d.begin(sequences));
    persistent.orElseThrow().begin();
    int longest = order.longest();
    for (int first = 0; first < longest; first += stepsPerChunk) {
      int end = Math.min(longest, first + stepsPerChunk);
      for (LstmDirection direction : directions) {
        direction.projectInputs(first, end, order);
      }
      persistent.orElseThrow().enqueue(first, end, order.firstRow(first));
    }
  }

  @Override
  public void close() {
    directions.forEach(LstmDirection::close);
    persistent.ifPresent(LstmPersistent::close);
    clear.close();
  }
}
