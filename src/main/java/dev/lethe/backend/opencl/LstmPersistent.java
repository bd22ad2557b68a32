package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import dev.lethe.network.Cell;
import java.util.ArrayList;
import java.util.List;

/**
 * Host side of lstm_persistent.cl and, where the plan has matrix units, lstm_matrix.cl: many steps
 * of a layer, of one direction or of both, in one launch whose work-groups wait for each other.
 */
final class LstmPersistent implements LstmChain, AutoCloseable {
  private static final int FIRST_ROW = 13;
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

  /** {@code parts}: the directions that it runs. */
  LstmPersistent(
      Cell cell,
      List<Integer> parts,
      Context context,
      Programs programs,
      OpenClPlan plan,
      PersistentGuard guard,
      PersistentPlan.Cut tile) {
    this.context = context;
    this.plan = plan.persistent();
    this.guard = guard;
    this.tile = tile;
    this.hidden = cell.hiddenSize();
    this.directions = parts.size();
    String options = plan.persistentOptions(cell, tile);
    this.kernel = programs.kernel(tile.kernel() + ".cl", tile.kernel(), options);
    if (tile instanceof PersistentPlan.MatrixTile matrixTile) {
      for (int d : parts) {
        rounded.add(new RoundedHidden(programs, plan, d, matrixTile.words()));
      }
    }
    kernel.set(0, hidden);
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

  /** Makes ready for a batch that fits its tile. */
  void bind(int sequences, LstmParts parts, RunOrder order, Values values) {
    int slice = plan.slice(tile, hidden, directions, sequences).orElseThrow();
    slices = (sequences + slice - 1) / slice;
    int counters = slices * directions;
    Buffer arrived = values.scratch("arrivals", (long) counters * Integer.BYTES);
    context.write(arrived, Tensor.of(new int[counters], counters).bytes());
    parts.setHidden(kernel);
    parts.setCell(kernel);
    kernel.set(1, sequences).set(11, slice).set(12, slices);
    order.set(kernel, 16);
    for (int k = 0; k < rounded.size(); k++) {
      Buffer h = parts.each().get(k).state().evenIn();
      rounded.get(k).bind(hidden, sequences, slices * slice, h, values);
    }
    for (int d = 0; d < 2; d++) {
      LstmParts.Part part = parts.of(d);
      kernel
          .set(19 + d, part.xw())
          .set(21 + d, part.weights().recurrent())
          .set(23 + d, part.weights().special())
          .set(29 + d, part.state().c());
      if (rounded.isEmpty()) {
        kernel.set(25 + d, part.state().evenIn()).set(27 + d, part.state().oddIn());
      } else {
        RoundedHidden h = rounded.get(parts.place(d));
        kernel.set(25 + d, h.even(values)).set(27 + d, h.odd(values));
      }
    }
    parts.setOutputs(kernel, 31);
    kernel.set(34, arrived).set(35, guard.flag()).setLocal(36, tile.cellBytes(slice));
  }

  @Override
  public void begin() {
    rounded.forEach(RoundedHidden::enqueue);
  }

  @Override
  public void enqueue(int first, int end, RunOrder order) {
    boolean alone = tile.groups(hidden) == 1;
    int steps = plan.together() || alone ? end - first : 1;
    kernel.set(FIRST_ROW, order.firstRow(first));
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
