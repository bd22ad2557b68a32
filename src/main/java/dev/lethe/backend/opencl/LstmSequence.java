package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import java.util.List;

/** Host side of lstm_sequence.cl: many steps of the parts of a launch. */
final class LstmSequence implements LstmChain, AutoCloseable {
  private static final int FIRST_STEP = 11;
  private static final int ORDER = 13;
  private final SequenceTile tile;
  private final int hidden;
  private final Kernel kernel;

  LstmSequence(
      Programs programs, OpenClPlan plan, SequenceTile tile, Cell cell, LstmParts.Kind kind) {
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    String options = plan.options().sequence(tile, cell, kind);
    this.kernel = programs.kernel("lstm_sequence.cl", "lstm_sequence", options);
    kernel.set(0, hidden);
  }

  void bind(int sequences, LstmParts parts, RunOrder order) {
    List<LstmParts.Part> each = parts.each();
    kernel.set(1, sequences);
    int next =
        parts.bind(
            kernel,
            ORDER,
            order,
            List.of(p -> each.get(p).state().evenIn(), p -> each.get(p).state().c()));
    kernel.setLocal(next, tile.localBytes(hidden));
  }

  @Override
  public void begin() {
    // the states are there as it reads them
  }

  @Override
  public void enqueue(int first, int end, LstmParts parts, RunOrder order) {
    int count = parts.begin(kernel, first, order);
    kernel.set(FIRST_STEP, first).set(FIRST_STEP + 1, end);
    long groups = (parts.running(first, order) + tile.sequences() - 1L) / tile.sequences();
    kernel.launch(groups * tile.items(), 1, count, tile.items(), 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
