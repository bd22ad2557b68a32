package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;

/** Host side of lstm_matrix_step.cl, the fused recurrent step on matrix units. */
final class LstmMatrixStep implements StepKernel {
  private static final int FIRST_ROW = 10;
  private static final int STEP = 11;
  private static final int TRACE = 24;
  private final OpenClPlan.MatrixStepTile tile;
  private final int hidden;
  private final RoundedHidden rounded;
  // for even and for odd steps
  private final Kernel[] kernels;

  /**
   * @param direction whose memory it uses
   * @param traced whether it leaves the gates in memory; see {@link #bindTrace}
   */
  LstmMatrixStep(
      Programs programs,
      OpenClPlan plan,
      OpenClPlan.MatrixStepTile tile,
      Cell cell,
      int direction,
      boolean traced) {
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    PersistentPlan.MatrixTile sums = PersistentPlan.MatrixTile.of(plan.precision(), hidden);
    this.rounded = new RoundedHidden(programs, plan, direction, sums.words());
    String options = plan.matrixStepOptions(tile, sums, cell, traced);
    String name = "lstm_matrix_step";
    this.kernels =
        new Kernel[] {
          programs.kernel(name + ".cl", name, options), programs.kernel(name + ".cl", name, options)
        };
  }

  @Override
  public void bind(
      int sequences,
      LstmTargets targets,
      RunOrder order,
      Buffer xw,
      CellWeights weights,
      LstmStep.State state,
      Values values) {
    int padded = (sequences + tile.sequences() - 1) / tile.sequences() * tile.sequences();
    rounded.bind(hidden, sequences, padded, state.evenIn(), values);
    Buffer even = rounded.even(values);
    Buffer odd = rounded.odd(values);
    for (int parity = 0; parity < 2; parity++) {
      kernels[parity].set(0, hidden).set(1, sequences);
      targets.setHidden(kernels[parity]);
      targets.setCell(kernels[parity]);
      order.set(kernels[parity], 12);
      kernels[parity]
          .set(15, xw)
          .set(16, weights.recurrent())
          .set(17, weights.special())
          .set(18, parity == 0 ? even : odd)
          .set(19, state.c())
          .set(20, parity == 0 ? odd : even)
          .set(21, state.y())
          .set(22, state.finalH())
          .set(23, state.finalC());
    }
  }

  @Override
  public void bindMask(Buffer mask, Lstm.Strides strides) {
    throw new IllegalStateException("layers with masks do not run on matrix units");
  }

  @Override
  public void bindTrace(int rows, int sequences, Buffer trace) {
    for (Kernel kernel : kernels) {
      kernel.set(TRACE, rows).set(TRACE + 1, trace);
    }
  }

  @Override
  public void begin() {
    rounded.enqueue();
  }

  @Override
  public void enqueue(int step, int firstRow, int running) {
    Kernel kernel = kernels[step % 2];
    kernel.set(FIRST_ROW, firstRow).set(STEP, step);
    long groups = (hidden + tile.units() - 1L) / tile.units();
    long slices = (running + tile.sequences() - 1L) / tile.sequences();
    kernel.launch(groups * tile.items(), slices, tile.items(), 1);
  }

  @Override
  public void close() {
    rounded.close();
    kernels[0].close();
    kernels[1].close();
  }
}
