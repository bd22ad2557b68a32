package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Host side of lstm_step.cl, the fused recurrent step of a layer, and of lstm_norm_step.cl, which
 * takes its place and its arguments where there is normalization.
 */
final class LstmStep implements StepKernel {
  private static final int CHUNK = 11;
  private static final int STEP = 12;
  private static final int ORDER = 13;
  private static final int MASK = 31;
  private final StepTile tile;
  private final int normItems;
  private final int hidden;
  private final int firstTraceArgument;
  // one kernel object for even and one for odd steps, so that h_in and h_out change places without
  // a call
  private final Kernel[] kernels;

  /**
   * @param kind what the parts of a launch are
   * @param masked whether some steps may be skipped; see {@link #bindMask}
   * @param traced whether it leaves the gates in memory; see {@link #bindTrace}
   */
  LstmStep(
      Programs programs,
      OpenClPlan plan,
      StepTile tile,
      Cell cell,
      LstmParts.Kind kind,
      boolean masked,
      boolean traced) {
    this.tile = tile;
    this.normItems = cell.norm().isPresent() ? plan.softmaxItems() : 0;
    this.hidden = cell.hiddenSize();
    this.firstTraceArgument = masked ? MASK + 3 : MASK;
    String name = cell.norm().isPresent() ? "lstm_norm_step" : "lstm_step";
    String options =
        cell.norm().isPresent()
            ? plan.options().normStep(cell, traced)
            : plan.options().step(tile, cell, kind, masked, traced);
    this.kernels =
        new Kernel[] {
          programs.kernel(name + ".cl", name, options), programs.kernel(name + ".cl", name, options)
        };
    for (Kernel kernel : kernels) {
      kernel.set(0, hidden).set(1, cell.outputSize());
    }
  }

  /** What even and odd steps read and write as h_in and h_out, and what all of them share. */
  record State(
      Buffer evenIn,
      Buffer oddIn,
      Buffer evenOut,
      Buffer oddOut,
      Buffer c,
      Buffer y,
      Buffer finalH,
      Buffer finalC) {}

  @Override
  public void bind(int sequences, LstmParts parts, RunOrder order, Values values) {
    List<LstmParts.Part> each = parts.each();
    IntFunction<Buffer> c = p -> each.get(p).state().c();
    IntFunction<Buffer> evenIn = p -> each.get(p).state().evenIn();
    IntFunction<Buffer> evenOut = p -> each.get(p).state().evenOut();
    IntFunction<Buffer> oddIn = p -> each.get(p).state().oddIn();
    IntFunction<Buffer> oddOut = p -> each.get(p).state().oddOut();
    parts.bind(kernels[0], ORDER, order, List.of(evenIn, c, evenOut));
    parts.bind(kernels[1], ORDER, order, List.of(oddIn, c, oddOut));
  }

  @Override
  public void bindMask(Buffer mask, Lstm.Strides strides) {
    for (Kernel kernel : kernels) {
      kernel.set(MASK, strides.time()).set(MASK + 1, strides.batch()).set(MASK + 2, mask);
    }
  }

  @Override
  public void begin() {
    // the states are there as it reads them
  }

  @Override
  public void bindTrace(int rows, int sequences, List<Buffer> traces) {
    int at = firstTraceArgument;
    for (Kernel kernel : kernels) {
      kernel.set(at, rows).set(at + 1, sequences);
      kernel.set(at + 2, traces.get(0)).set(at + 3, traces.get(1));
    }
  }

  @Override
  public void enqueue(int step, int chunk, LstmParts parts, RunOrder order) {
    Kernel kernel = kernels[step % 2];
    int count = parts.begin(kernel, step, order);
    int running = parts.running(step, order);
    kernel.set(CHUNK, chunk).set(STEP, step);
    if (normItems > 0) {
      kernel.launch((long) running * normItems, 1, count, normItems, 1);
      return;
    }
    long groups = (running + tile.sequences() - 1L) / tile.sequences();
    kernel.launch(hidden, groups * tile.sequenceItems(), count, tile.units(), tile.sequenceItems());
  }

  @Override
  public void close() {
    kernels[0].close();
    kernels[1].close();
  }
}
