package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One LSTM layer: its directions one after the other. */
final class LstmLayer implements StageRunner {
  private final Lstm stage;
  private final OpenClPlan plan;
  // not clEnqueueFillBuffer, whose bytes Oclgrind takes for uninitialized
  private final Kernel clear;
  private final List<LstmDirection> directions = new ArrayList<>();

  LstmLayer(Lstm stage, Context context, Programs programs, OpenClPlan plan) {
    this.stage = stage;
    this.plan = plan;
    this.clear = programs.kernel("move.cl", "clear", "");
    for (int d = 0; d < stage.directions().size(); d++) {
      directions.add(new LstmDirection(stage, d, context, programs, plan));
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
    return () -> {
      if (order.ragged()) {
        clear.launch(count, 1, plan.flatItems(), 1);
      }
      for (Runnable run : runs) {
        run.run();
      }
    };
  }

  @Override
  public void close() {
    directions.forEach(LstmDirection::close);
    clear.close();
  }
}
