package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.Optional;

/**
 * One direction of an LSTM layer: the initial states (lstm_begin.cl), then in chunks of time the
 * input projection of all rows of the chunk in one launch (product.cl) and one launch for each step
 * (lstm_step.cl), two with a projection.
 */
final class LstmDirection implements AutoCloseable {
  private final Lstm stage;
  private final int index;
  private final Lstm.Direction direction;
  private final OpenClPlan plan;
  private final CellWeights weights;
  private final Kernel beginH;
  private final Kernel beginC;
  private final Product inputProjection;
  private final LstmStep step;
  private final Optional<LstmProject> project;

  LstmDirection(Lstm stage, int index, Context context, Programs programs, OpenClPlan plan) {
    this.stage = stage;
    this.index = index;
    this.direction = stage.directions().get(index);
    this.plan = plan;
    Cell cell = direction.cell();
    this.weights = new CellWeights(context, stage.name(), cell);
    this.beginH = programs.kernel("lstm_begin.cl", "lstm_begin", "");
    this.beginC = programs.kernel("lstm_begin.cl", "lstm_begin", "");
    this.inputProjection = new Product(programs, plan, true);
    this.step = new LstmStep(programs, plan, cell, stage.mask().isPresent());
    this.project =
        cell.projection().isEmpty()
            ? Optional.empty()
            : Optional.of(new LstmProject(programs, plan, cell));
  }

  /** Makes ready for runs of this size; what is returned starts them. */
  Runnable bind(int steps, int sequences, RunOrder order, Values values) {
    int columns = Cell.GATES * stage.hiddenSize();
    int stepsPerChunk = stepsPerChunk(steps, sequences);
    long rowBytes = (long) columns * Float.BYTES;
    Buffer xw = values.scratch("projected inputs", stepsPerChunk * (long) sequences * rowBytes);
    LstmStep.State state = state(sequences, values);
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
    LstmStep.Targets targets =
        new LstmStep.Targets(
            index,
            direction.reverse(),
            stage.yStrides(steps, sequences),
            stage.stateStrides(sequences, stage.outputSize()),
            stage.stateStrides(sequences, stage.hiddenSize()));
    step.bind(targets, order, xw, weights, state);
    stage.mask().ifPresent(m -> step.bindMask(values.of(m), stage.maskStrides(steps, sequences)));
    project.ifPresent(p -> p.bind(targets, order, weights, state));
    return () -> run(sequences, order, stepsPerChunk);
  }

  private void run(int sequences, RunOrder order, int stepsPerChunk) {
    int columns = Cell.GATES * stage.hiddenSize();
    beginH.launch(stage.outputSize(), sequences, plan.flatItems(), 1);
    beginC.launch(stage.hiddenSize(), sequences, plan.flatItems(), 1);
    int longest = order.longest();
    for (int first = 0; first < longest; first += stepsPerChunk) {
      int end = Math.min(longest, first + stepsPerChunk);
      int firstRow = order.firstRow(first);
      inputProjection.enqueueRows(firstRow, order.firstRow(end) - firstRow, columns);
      for (int t = first; t < end; t++) {
        step.enqueue(t, firstRow, order.running(t));
        if (project.isPresent()) {
          project.get().enqueue(t, order.running(t));
        }
      }
    }
  }

  /** As many steps as the plan's room for projected inputs holds, at least one. */
  private int stepsPerChunk(int steps, int sequences) {
    long stepBytes = (long) sequences * Cell.GATES * stage.hiddenSize() * Float.BYTES;
    return (int) Math.max(1, Math.min(steps, plan.projectionBytes() / stepBytes));
  }

  // the states are scratch: every direction of every layer begins by filling them
  private LstmStep.State state(int sequences, Values values) {
    long hBytes = (long) sequences * stage.outputSize() * Float.BYTES;
    long cBytes = (long) sequences * stage.hiddenSize() * Float.BYTES;
    Buffer h = values.scratch("h", hBytes);
    Buffer c = values.scratch("c", cBytes);
    Buffer y = values.of(stage.y());
    Buffer finalH = values.of(stage.finalH());
    Buffer finalC = values.of(stage.finalC());
    if (project.isPresent()) {
      Buffer m = values.scratch("unprojected h", cBytes);
      return new LstmStep.State(h, h, m, m, c, y, finalH, finalC);
    }
    Buffer other = values.scratch("other h", hBytes);
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
    weights.close();
    beginH.close();
    beginC.close();
    inputProjection.close();
    step.close();
    project.ifPresent(LstmProject::close);
  }
}
