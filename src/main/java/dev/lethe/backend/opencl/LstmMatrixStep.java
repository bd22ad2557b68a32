package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** Host side of lstm_matrix_step.cl, the fused recurrent step on matrix units. */
final class LstmMatrixStep implements StepKernel {
  private static final int CHUNK = 11;
  private static final int STEP = 12;
  private static final int ORDER = 13;
  private static final int TRACE = 31;
  private final MatrixStepTile tile;
  private final int hidden;
  // one for each part
  private final List<RoundedHidden> rounded = new ArrayList<>();
  // for even and for odd steps
  private final Kernel[] kernels;

  /**
   * @param parts that it runs
   * @param kind what these are
   * @param traced whether it leaves the gates in memory; see {@link #bindTrace}
   */
  LstmMatrixStep(
      Programs programs,
      OpenClPlan plan,
      MatrixStepTile tile,
      Cell cell,
      List<Integer> parts,
      LstmParts.Kind kind,
      boolean traced) {
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    PersistentPlan.MatrixTile sums = PersistentPlan.MatrixTile.of(plan.precision(), hidden);
    for (int part : parts) {
      rounded.add(new RoundedHidden(programs, plan, part, sums.words(), false));
    }
    String options = plan.options().matrixStep(tile, sums, cell, kind, traced);
    String name = "lstm_matrix_step";
    this.kernels =
        new Kernel[] {
          programs.kernel(name + ".cl", name, options), programs.kernel(name + ".cl", name, options)
        };
  }

  @Override
  public void bind(int sequences, LstmParts parts, RunOrder order, Values values) {
    int padded = (sequences + tile.sequences() - 1) / tile.sequences() * tile.sequences();
    for (int p = 0; p < rounded.size(); p++) {
      Buffer h = parts.each().get(p).state().evenIn();
      rounded.get(p).bind(hidden, sequences, padded, History.NONE, h, values);
    }
    IntFunction<Buffer> even = p -> rounded.get(p).first(values);
    IntFunction<Buffer> odd = p -> rounded.get(p).other(values);
    IntFunction<Buffer> c = p -> parts.each().get(p).state().c();
    parts.bind(kernels[0].set(0, hidden).set(1, sequences), ORDER, order, List.of(even, c, odd));
    parts.bind(kernels[1].set(0, hidden).set(1, sequences), ORDER, order, List.of(odd, c, even));
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
  public void enqueue(int step, int chunk, LstmParts parts, RunOrder order) {
    Kernel kernel = kernels[step % 2];
    int count = parts.begin(kernel, step, order);
    kernel.set(CHUNK, chunk).set(STEP, step);
    long groups = (hidden + tile.units() - 1L) / tile.units();
    long slices = (parts.running(step, order) + tile.sequences() - 1L) / tile.sequences();
    kernel.launch(groups * tile.items(), slices, count, tile.items(), 1);
  }

  @Override
  public void close() {
    rounded.forEach(RoundedHidden::close);
    kernels[0].close();
    kernels[1].close();
  }
}
