package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.Optional;

/**
 * What each of the parts that share launches does by itself, a direction of an LSTM layer or a
 * layer: the initial states (lstm_begin.cl) and, a chunk of time at a time, the input projection of
 * all its rows in one launch (product.cl or product_matrix.cl).
 */
final class LstmDirection implements AutoCloseable {
  private final Lstm stage;
  private final int index;
  private final int part;
  private final Lstm.Direction direction;
  private final OpenClPlan plan;
  private final CellWeights weights;
  private final Kernel beginH;
  private final Kernel beginC;
  private final InputProjection inputProjection;

  /**
   * @param index of the direction
   * @param part that it is of what shares launches
   * @param weights of this direction, which stay the caller's
   * @param product for the input projection
   */
  LstmDirection(
      Lstm stage,
      int index,
      int part,
      CellWeights weights,
      Programs programs,
      OpenClPlan plan,
      ProjectionTile product) {
    this.stage = stage;
    this.weights = weights;
    this.index = index;
    this.part = part;
    this.direction = stage.directions().get(index);
    this.plan = plan;
    this.beginH = programs.kernel("lstm_begin.cl", "lstm_begin", "");
    this.beginC = programs.kernel("lstm_begin.cl", "lstm_begin", "");
    this.inputProjection =
        product instanceof MatrixProductTile tile
            ? new MatrixProduct(programs, plan, tile, stage.inputSize())
            : new Product(
                programs,
                plan,
                (ProductTile) product,
                true,
                stage.inputSize(),
                Cell.GATES * stage.hiddenSize());
  }

  /**
   * Makes ready for runs of this size; returns where the recurrence reads and writes.
   *
   * @param chunk most steps that are projected at a time
   * @param history of h
   */
  LstmParts.Part bind(
      int steps, int chunk, int sequences, History history, RunOrder order, Values values) {
    int columns = Cell.GATES * stage.hiddenSize();
    long xwBytes = (long) chunk * sequences * columns * Float.BYTES;
    Buffer xw = scratch("projected inputs", xwBytes, values);
    LstmStep.State state = state(sequences, history, values);
    bindBegin(
        beginH,
        stage.initialH(),
        stage.outputSize(),
        sequences,
        order,
        state.evenIn(),
        state.finalH(),
        values);
    bindBegin(
        beginC,
        stage.initialC(),
        stage.hiddenSize(),
        sequences,
        order,
        state.c(),
        state.finalC(),
        values);
    Lstm.Strides x = stage.xStrides(steps, sequences);
    inputProjection.bind(
        columns, stage.inputSize(), values.of(stage.x()), weights.input(), weights.bias(), xw);
    inputProjection.bindRows(order.rows(direction.reverse()), x.batch(), x.time());
    return new LstmParts.Part(xw, weights, state);
  }

  /** Starts the filling of the states, once bound, and of what the history begins with. */
  void begin(int sequences, History history) {
    beginH.launch(stage.outputSize(), sequences, history.begun(), plan.flatItems(), 1);
    beginC.launch(stage.hiddenSize(), sequences, plan.flatItems(), 1);
  }

  /** Starts the input projection of the steps first to before end, once bound. */
  void projectInputs(int first, int end, RunOrder order) {
    int firstRow = order.firstRow(first);
    int rows = order.firstRow(end) - firstRow;
    inputProjection.enqueueRows(firstRow, rows, Cell.GATES * stage.hiddenSize());
  }

  // shared by the layers: each begins by filling it
  private Buffer scratch(String what, long bytes, Values values) {
    return values.scratch(what + " " + part, bytes);
  }

  private LstmStep.State state(int sequences, History history, Values values) {
    long hBytes = (long) sequences * stage.outputSize() * Float.BYTES;
    long cBytes = (long) sequences * stage.hiddenSize() * Float.BYTES;
    Buffer h = scratch("h", history.slots() * hBytes, values);
    Buffer c = scratch("c", cBytes, values);
    Buffer y = values.of(stage.y());
    Buffer finalH = values.of(stage.finalH());
    Buffer finalC = values.of(stage.finalC());
    if (!direction.cell().projection().isEmpty()) {
      Buffer m = scratch("unprojected h", cBytes, values);
      return new LstmStep.State(h, h, m, m, c, y, finalH, finalC);
    }
    Buffer other = scratch("other h", hBytes, values);
    return new LstmStep.State(h, other, other, h, c, y, finalH, finalC);
  }

  private void bindBegin(
      Kernel kernel,
      Optional<Value> initial,
      int width,
      int sequences,
      RunOrder order,
      Buffer state,
      Buffer last,
      Values values) {
    Lstm.Strides strides = stage.stateStrides(sequences, width);
    kernel
        .set(0, width)
        .set(1, sequences)
        .set(2, index * strides.direction())
        .set(3, strides.batch())
        .set(4, initial.isPresent() ? 1 : 0)
        .set(5, order.order())
        // a pointer that is not read must still be one
        .set(6, initial.map(values::of).orElse(order.order()))
        .set(7, state)
        .set(8, last);
  }

  @Override
  public void close() {
    beginH.close();
    beginC.close();
    inputProjection.close();
  }
}
