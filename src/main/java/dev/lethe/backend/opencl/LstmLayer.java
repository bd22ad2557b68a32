package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jocl.CL;
import org.jocl.Pointer;

/** One LSTM layer: its directions one after the other. */
final class LstmLayer implements StageRunner {
  private static final Pointer ZERO = Pointer.to(new float[1]);
  private final Lstm stage;
  private final Context context;
  private final List<LstmDirection> directions = new ArrayList<>();

  LstmLayer(Lstm stage, Context context, Programs programs, OpenClPlan plan) {
    this.stage = stage;
    this.context = context;
    for (int d = 0; d < stage.directions().size(); d++) {
      directions.add(new LstmDirection(stage, d, context, programs, plan));
    }
  }

  @Override
  public Runnable bind(Map<String, Integer> sizes, Values values) {
    int steps = stage.time().resolve(sizes);
    int sequences = stage.batch().resolve(sizes);
    String lengths = stage.lengths().map(value -> value.name()).orElse(RunOrder.FULL);
    RunOrder order = values.order(lengths, steps, sequences);
    List<Runnable> runs =
        directions.stream().map(d -> d.bind(steps, sequences, order, values)).toList();
    Buffer y = values.of(stage.y());
    long yBytes = (long) steps * sequences * directions.size() * stage.outputSize() * Float.BYTES;
    return () -> {
      if (order.ragged()) {
        fillWithZeros(y, yBytes);
      }
      for (Runnable run : runs) {
        run.run();
      }
    };
  }

  private void fillWithZeros(Buffer buffer, long bytes) {
    int code =
        CL.clEnqueueFillBuffer(
            context.queue(), buffer.handle(), ZERO, Float.BYTES, 0, bytes, 0, null, null);
    ClError.check(code, "clearing " + buffer.what());
  }

  @Override
  public void close() {
    directions.forEach(LstmDirection::close);
  }
}
