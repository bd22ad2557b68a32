package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;

/**
 * Host side of lstm_sequence.cl: many steps of one layer, of one direction or of both, in one
 * launch.
 */
final class LstmSequence implements LstmChain, AutoCloseable {
  private final OpenClPlan.SequenceTile tile;
  private final int hidden;
  private final Kernel kernel;
  private int directions;

  LstmSequence(Programs programs, OpenClPlan plan, OpenClPlan.SequenceTile tile, Cell cell) {
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    this.kernel =
        programs.kernel("lstm_sequence.cl", "lstm_sequence", plan.sequenceOptions(tile, cell));
    kernel.set(0, hidden);
  }

  void bind(int sequences, LstmParts parts, RunOrder order) {
    directions = parts.directions();
    kernel.set(1, sequences);
    parts.setHidden(kernel);
    parts.setCell(kernel);
    order.set(kernel, 14);
    for (int d = 0; d < 2; d++) {
      LstmParts.Part part = parts.of(d);
      kernel
          .set(17 + d, part.xw())
          .set(19 + d, part.weights().recurrent())
          .set(21 + d, part.weights().special())
          .set(23 + d, part.state().evenIn())
          .set(25 + d, part.state().c());
    }
    parts.setOutputs(kernel, 27);
    kernel.setLocal(30, tile.localBytes(hidden));
  }

  @Override
  public void begin() {
    // the states are there as it reads them
  }

  @Override
  public void enqueue(int first, int end, RunOrder order) {
    kernel.set(11, order.firstRow(first)).set(12, first).set(13, end);
    long groups = (order.running(first) + tile.sequences() - 1L) / tile.sequences();
    kernel.launch(groups * tile.items(), 1, directions, tile.items(), 1);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
