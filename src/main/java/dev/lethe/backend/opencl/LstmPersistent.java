package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Host side of lstm_persistent.cl and, where the plan has matrix units, lstm_matrix.cl: many steps
 * of the parts of a launch, whose work-groups wait for each other.
 */
final class LstmPersistent implements LstmChain, AutoCloseable {
  private static final int SLICE = 11;
  private static final int CHUNK = 14;
  private static final int ORDER = 17;
  private final PersistentPlan plan;
  private final PersistentGuard guard;
  private final PersistentPlan.Cut tile;
  private final int hidden;
  private final int parts;
  private final Kernel kernel;
  // for matrix units alone, one for each part
  private final List<RoundedHidden> rounded = new ArrayList<>();
  private int slices;

  /**
   * @param numbers of the parts that it runs
   * @param kind what these are
   */
  LstmPersistent(
      Cell cell,
      List<Integer> numbers,
      LstmParts.Kind kind,
      Programs programs,
      OpenClPlan plan,
      PersistentGuard guard,
      PersistentPlan.Cut tile) {
    this.plan = plan.persistent();
    this.guard = guard;
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    this.parts = numbers.size();
    String options = plan.options().persistent(cell, tile, kind);
    this.kernel = programs.kernel(tile.kernel() + ".cl", tile.kernel(), options);
    if (tile instanceof PersistentPlan.MatrixTile matrixTile) {
      for (int part : numbers) {
        rounded.add(new RoundedHidden(programs, plan, part, matrixTile.words(), true));
      }
    }
    kernel.set(0, hidden);
  }

  /** The kernel and how it is cut for a batch that fits its tile. */
  String describe(int sequences) {
    int slice = plan.slice(tile, hidden, parts, sequences).orElseThrow();
    int cut = (sequences + slice - 1) / slice;
    return tile.kernel()
        + " "
        + tile
        + ", "
        + tile.groups(hidden)
        + " x "
        + cut * parts
        + " groups";
  }

  /** What the parts keep of h in {@link LstmStep.State#evenIn}. */
  History kept(History history) {
    return rounded.isEmpty() ? history : History.NONE; // which is rounded into memory of its own
  }

  /** Makes ready for a batch that fits its tile. */
  void bind(int sequences, History history, LstmParts bound, RunOrder order, Values values) {
    int slice = plan.slice(tile, hidden, parts, sequences).orElseThrow();
    slices = (sequences + slice - 1) / slice;
    kernel.set(1, sequences).set(SLICE, slice);
    kernel.set(SLICE + 1, history.slots()).set(SLICE + 2, history.ahead());
    List<LstmParts.Part> each = bound.each();
    for (int p = 0; p < rounded.size(); p++) {
      Buffer h = each.get(p).state().evenIn();
      rounded.get(p).bind(hidden, sequences, slices * slice, history, h, values);
    }
    boolean words = !rounded.isEmpty();
    IntFunction<Buffer> h =
        p -> words ? rounded.get(p).first(values) : each.get(p).state().evenIn();
    IntFunction<Buffer> c = p -> each.get(p).state().c();
    int next = bound.bind(kernel, ORDER, order, List.of(h, c));
    kernel.set(next, guard.flag()).setLocal(next + 1, tile.cellBytes(slice));
  }

  @Override
  public void begin() {
    rounded.forEach(RoundedHidden::enqueue);
  }

  @Override
  public void enqueue(int first, int end, LstmParts bound, RunOrder order) {
    boolean alone = tile.groups(hidden) == 1;
    int steps = plan.together() || alone ? end - first : 1;
    kernel.set(CHUNK, first);
    for (int from = first; from < end; from += steps) {
      if (bound.running(from, order) > 0) {
        int count = bound.begin(kernel, from, order);
        kernel.set(CHUNK + 1, from).set(CHUNK + 2, Math.min(end, from + steps));
        kernel.launch((long) tile.groups(hidden) * tile.items(), slices, count, tile.items(), 1);
      }
    }
    guard.launched();
  }

  @Override
  public void close() {
    kernel.close();
    rounded.forEach(RoundedHidden::close);
  }
}
