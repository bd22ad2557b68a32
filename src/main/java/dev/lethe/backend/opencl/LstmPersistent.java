package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import java.util.ArrayList;
import java.util.List;

/**
 * Host side of lstm_persistent.cl and, where the plan has matrix units, lstm_matrix.cl: many steps
 * of a layer, all directions at once, in one launch whose work-groups wait for each other.
 */
final class LstmPersistent implements AutoCloseable {
  private static final int FIRST_ROW = 12;
  private final Context context;
  private final PersistentPlan plan;
  private final PersistentGuard guard;
  private final PersistentPlan.Cut tile;
  private final int hidden;
  private final int directions;
  private final Kernel kernel;
  // for matrix units alone, one for each direction
  private final List<RoundedHidden> rounded = new ArrayList<>();
  private int slices;

  LstmPersistent(
      Lstm stage,
      Context context,
      Programs programs,
      OpenClPlan plan,
      PersistentGuard guard,
      PersistentPlan.Cut tile) {
    Cell cell = stage.directions().get(0).cell();
    this.context = context;
    this.plan = plan.persistent();
    this.guard = guard;
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    this.directions = stage.directions().size();
    String options = plan.persistentOptions(cell, tile);
    this.kernel = programs.kernel(tile.kernel() + ".cl", tile.kernel(), options);
    for (int d = 0; d < directions; d++) {
      if (tile instanceof PersistentPlan.MatrixTile matrixTile) {
        rounded.add(new RoundedHidden(programs, plan, d, matrixTile.words()));
      }
    }
    int reversed = 0;
    for (int d = 0; d < directions; d++) {
      reversed |= stage.directions().get(d).reverse() ? 1 << d : 0;
    }
    kernel.set(0, hidden).set(2, reversed);
  }

  /** The kernel and how it is cut for a batch that fits its tile. */
  String describe(int sequences) {
    int slice = plan.slice(tile, hidden, directions, sequences).orElseThrow();
    int cut = (sequences + slice - 1) / slice;
    return tile.kernel()
        + " "
        + tile
        + ", "
        + tile.groups(hidden)
        + " x "
        + cut * directions
        + " groups";
  }

  /** Makes ready for a batch that fits its tile; the parts are one for each direction. */
  void bind(
      int sequences,
      List<LstmTargets> targets,
      RunOrder order,
      List<Buffer> xw,
      List<CellWeights> weights,
      List<LstmStep.State> states,
      Values values) {
    int slice = plan.slice(tile, hidden, directions, sequences).orElseThrow();
    slices = (sequences + slice - 1) / slice;
    int counters = slices * directions;
    Buffer arrived = values.scratch("arrivals", (long) counters * Integer.BYTES);
    context.write(arrived, Tensor.of(new int[counters], counters).bytes());
    LstmTargets target = targets.get(0);
    LstmStep.State state = states.get(0);
    kernel
        .set(1, sequences)
        .set(3, target.y().time())
        .set(4, target.y().batch())
        .set(5, target.y().direction())
        .set(6, target.h().batch())
        .set(7, target.h().direction())
        .set(8, target.c().batch())
        .set(9, target.c().direction())
        .set(10, slice)
        .set(11, slices);
    order.set(kernel, 15);
    for (int k = 0; k < 2; k++) {
      int d = Math.min(k, directions - 1); // a pointer that is not read must still be one
      kernel
          .set(18 + k, xw.get(d))
          .set(22 + k, weights.get(d).special())
          .set(28 + k, states.get(d).c());
      kernel.set(20 + k, weights.get(d).recurrent());
      if (tile instanceof PersistentPlan.MatrixTile) {
        RoundedHidden h = rounded.get(d);
        h.bind(hidden, sequences, slices * slice, states.get(d).evenIn(), values);
        kernel.set(24 + k, h.even(values)).set(26 + k, h.odd(values));
      } else {
        kernel.set(24 + k, states.get(d).evenIn()).set(26 + k, states.get(d).oddIn());
      }
    }
    kernel
        .set(30, state.y())
        .set(31, state.finalH())
        .set(32, state.finalC())
        .set(33, arrived)
        .set(34, guard.flag())
        .setLocal(35, tile.cellBytes(slice));
  }

  /** Starts what follows the filling of the states, once bound. */
  void begin() {
    rounded.forEach(RoundedHidden::enqueue);
  }

  /**
   * Starts the steps from {@code first} to before {@code end}.
   *
   * @param firstRow the row of the projected inputs that xw begins with
   */
  void enqueue(int first, int end, int firstRow) {
    boolean alone = tile.groups(hidden) == 1;
    int steps = plan.together() || alone ? end - first : 1;
    kernel.set(FIRST_ROW, firstRow);
    for (int from = first; from < end; from += steps) {
      kernel.set(FIRST_ROW + 1, from).set(FIRST_ROW + 2, Math.min(end, from + steps));
      kernel.launch(
          (long) tile.groups(hidden) * tile.items(), (long) slices * directions, tile.items(), 1);
    }
    guard.launched();
  }

  @Override
  public void close() {
    kernel.close();
    rounded.forEach(RoundedHidden::close);
  }
}
