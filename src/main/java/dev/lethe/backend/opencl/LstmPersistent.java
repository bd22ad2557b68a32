package dev.lethe.backend.opencl;

import dev.lethe.Precision;
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
  private final Precision precision;
  private final int hidden;
  private final int directions;
  private final Kernel kernel;
  // for matrix units alone: for each direction what fills h, and the weights
  private final List<Kernel> begins = new ArrayList<>();
  private final List<Buffer> packed = new ArrayList<>();
  private int slices;
  private int padded;

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
    this.precision = plan.precision();
    this.guard = guard;
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    this.directions = stage.directions().size();
    String options = plan.persistentOptions(cell, tile);
    boolean matrix = tile instanceof PersistentPlan.MatrixTile;
    this.kernel =
        matrix
            ? programs.kernel("lstm_matrix.cl", "lstm_matrix", options)
            : programs.kernel("lstm_persistent.cl", "lstm_persistent", options);
    for (Lstm.Direction direction : stage.directions()) {
      if (tile instanceof PersistentPlan.MatrixTile matrixTile) {
        begins.add(programs.kernel("lstm_matrix.cl", "begin_matrix", options));
        int[] words =
            MatrixWeights.recurrent(
                plan.precision(), direction.cell().recurrent(), hidden, matrixTile.words());
        packed.add(context.upload(stage.name() + " recurrent weights for matrix units", words));
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
    padded = slices * slice;
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
      if (tile instanceof PersistentPlan.MatrixTile matrixTile) {
        long bytes = (long) padded * matrixTile.words() * Integer.BYTES;
        Buffer even = values.scratch("rounded h " + d, bytes);
        Buffer odd = values.scratch("other rounded h " + d, bytes);
        kernel.set(20 + k, packed.get(d)).set(24 + k, even).set(26 + k, odd);
        begins.get(d).set(0, hidden).set(1, sequences).set(2, padded);
        begins.get(d).set(3, states.get(d).evenIn()).set(4, even).set(5, odd);
      } else {
        kernel
            .set(20 + k, weights.get(d).recurrent())
            .set(24 + k, states.get(d).evenIn())
            .set(26 + k, states.get(d).oddIn());
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
    for (Kernel begin : begins) {
      PersistentPlan.MatrixTile matrixTile = (PersistentPlan.MatrixTile) tile;
      int numbers = matrixTile.words() * MatrixWeights.values(precision);
      begin.launch(numbers, padded, 32, 1);
    }
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
    begins.forEach(Kernel::close);
    packed.forEach(Buffer::close);
  }
}
