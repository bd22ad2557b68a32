package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;

/** Host side of lstm_sequence.cl: many steps of one layer and direction in one launch. */
final class LstmSequence implements AutoCloseable {
  private final OpenClPlan.SequenceTile tile;
  private final int hidden;
  private final Kernel kernel;

  LstmSequence(Programs programs, OpenClPlan plan, OpenClPlan.SequenceTile tile, Cell cell) {
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    this.kernel =
        programs.kernel("lstm_sequence.cl", "lstm_sequence", plan.sequenceOptions(tile, cell));
    kernel.set(0, hidden);
  }

  void bind(
      int sequences,
      LstmTargets targets,
      RunOrder order,
      Buffer xw,
      CellWeights weights,
      LstmStep.State state) {
    targets.setHidden(kernel);
    targets.setCell(kernel);
    order.set(kernel, 13);
    kernel
        .set(1, sequences)
        .set(16, xw)
        .set(17, weights.recurrent())
        .set(18, weights.special())
        .set(19, state.evenIn())
        .set(20, state.c())
        .set(21, state.y())
        .set(22, state.finalH())
        .set(23, state.finalC())
        .setLocal(24, tile.localBytes(hidden));
  }

  /**
   * Starts the steps from {@code first} to before {@code end}.
   *
   * @param firstRow the row of the projected inputs that xw begins with
   * @param running sequences that have the first of these steps
   */
  void enqueue(int first, int end, int firstRow, int running) {
    kernel.set(10, firstRow).set(11, first).set(12, end);
    long groups = (running + tile.sequences() - 1L) / tile.sequences();
    kernel.launch(groups * tile.items(), 1, tile.items(), 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
