package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.List;

/** Host side of lstm_matrix_step.cl, the fused recurrent step on matrix units. */
final class LstmMatrixStep implements StepKernel {
  private static final int FIRST_ROW = 11;
  private static final int STEP = 12;
  private static final int TRACE = 31;
  private final OpenClPlan.MatrixStepTile tile;
  private final int hidden;
  // one for each direction
  private final List<RoundedHidden> rounded = new ArrayList<>();
  // for even and for odd steps
  private final Kernel[] kernels;
  private int directions;

  /**
   * @param parts the directions that it runs
   * @param traced whether it leaves the gates in memory; see {@link #bindTrace}
   */
  LstmMatrixStep(
      Programs programs,
      OpenClPlan plan,
      OpenClPlan.MatrixStepTile tile,
      Cell cell,
      List<Integer> parts,
      boolean traced) {
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    PersistentPlan.MatrixTile sums = PersistentPlan.MatrixTile.of(plan.precision(), hidden);
    for (int direction : parts) {
      rounded.add(new RoundedHidden(programs, plan, direction, sums.words()));
    }
    String options = plan.matrixStepOptions(tile, sums, cell, parts.size() > 1, traced);
    String name = "lstm_matrix_step";
    this.kernels =
        new Kernel[] {
          programs.kernel(name + ".cl", name, options), programs.kernel(name + ".cl", name, options)
        };
  }

  @Override
  public void bind(int sequences, LstmParts parts, RunOrder order, Values values) {
    directions = parts.directions();
    int padded = (sequences + tile.sequences() - 1) / tile.sequences() * tile.sequences();
    for (int k = 0; k < directions; k++) {
      Buffer h = parts.each().get(k).state().evenIn();
      rounded.get(k).bind(hidden, sequences, padded, h, values);
    }
    for (int parity = 0; parity < 2; parity++) {
      Kernel kernel = kernels[parity];
      kernel.set(0, hidden).set(1, sequences);
      parts.setHidden(kernel);
      parts.setCell(kernel);
      order.set(kernel, 13);
      for (int d = 0; d < 2; d++) {
        LstmParts.Part part = parts.of(d);
        RoundedHidden h = rounded.get(parts.place(d));
        Buffer even = h.even(values);
        Buffer odd = h.odd(values);
        kernel
            .set(16 + d, part.xw())
            .set(18 + d, part.weights().recurrent())
            .set(20 + d, part.weights().special())
            .set(22 + d, parity == 0 ? even : odd)
            .set(24 + d, part.state().c())
            .set(26 + d, parity == 0 ? odd : even);
      }
      parts.setOutputs(kernel, 28);
    }
  }

  @Override
  public void bindMask(Buffer mask, Lstm.Strides strides) {
    throw new IllegalStateException("layers with masks do not run on matrix units");
  }

  @Override
  public void bindTrace(int rows, int sequences, List<Buffer> traces) {
    for (Kernel kernel : kernels) {
      kernel.set(TRACE, rows).set(TRACE + 1, traces.get(0)).set(TRACE + 2, traces.get(1));
    }
  }

  @Override
  public void begin() {
    rounded.forEach(RoundedHidden::enqueue);
  }

  @Override
  public void enqueue(int step, int firstRow, int running) {
    Kernel kernel = kernels[step % 2];
    kernel.set(FIRST_ROW, firstRow).set(STEP, step);
    long groups = (hidden + tile.units() - 1L) / tile.units();
    long slices = (running + tile.sequences() - 1L) / tile.sequences();
    kernel.launch(groups * tile.items(), slices, directions, tile.items(), 1);
  }

  @Override
  public void close() {
    rounded.forEach(RoundedHidden::close);
    kernels[0].close();
    kernels[1].close();
  }
}
