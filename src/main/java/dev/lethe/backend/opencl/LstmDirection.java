package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import dev.lethe.network.Value;
import java.util.Optional;

/**
 * One direction of an LSTM layer: the initial states (lstm_begin.cl), then in chunks of time the
 * input projection of all rows of the chunk in one launch (product.cl) and the recurrence: in one
 * launch where a work-group can own the layer (lstm_sequence.cl), otherwise one for each step
 * (lstm_step.cl, or lstm_norm_step.cl with normalization) or two with a projection
 * (lstm_project.cl).
 */
final class LstmDirection implements AutoCloseable {
  private final Lstm stage;
  private final int index;
  private final Lstm.Direction direction;
  private final Programs programs;
  private final OpenClPlan plan;
  private final boolean apart;
  private final Recurrence recurrence;
  private final CellWeights weights;
  private final Kernel beginH;
  private final Kernel beginC;
  private final InputProjection inputProjection;
  // one of the two: all steps of a chunk in one launch, or a launch for each
  private final Optional<LstmSequence> sequence;
  private final Optional<StepKernel> step;
  private final Optional<LstmProject> project;
  // empty until the first trace
  private Optional<StepKernel> traced = Optional.empty();

  /**
   * @param weights of this direction, which stay the caller's
   * @param product for the input projection
   * @param recurrence for the steps
   * @param apart shares no scratch memory with the layer's other direction
   */
  LstmDirection(
      Lstm stage,
      int index,
      CellWeights weights,
      Programs programs,
      OpenClPlan plan,
      OpenClPlan.ProductTile product,
      Recurrence recurrence,
      boolean apart) {
    this.stage = stage;
    this.apart = apart;
    this.weights = weights;
    this.recurrence = recurrence;
    this.index = index;
    this.direction = stage.directions().get(index);
    this.programs = programs;
    this.plan = plan;
    Cell cell = direction.cell();
    this.beginH = programs.kernel("lstm_begin.cl", "lstm_begin", "");
    this.beginC = programs.kernel("lstm_begin.cl", "lstm_begin", "");
    this.inputProjection =
        plan.matrix()
            ? new MatrixProduct(programs, plan)
            : new Product(programs, plan, product, true);
    this.sequence =
        recurrence instanceof OpenClPlan.SequenceTile tile
            ? Optional.of(new LstmSequence(programs, plan, tile, cell))
            : Optional.empty();
    this.step = sequence.isPresent() ? Optional.empty() : Optional.of(step(false));
    this.project =
        cell.projection().isEmpty()
            ? Optional.empty()
            : Optional.of(new LstmProject(programs, plan, cell));
  }

  /**
   * Makes ready for runs of this size; what is returned starts them.
   *
   * @param traces where to leave the gates, if at all; the first such call compiles
   */
  Runnable bind(
      int steps, int sequences, RunOrder order, Values values, Optional<GateBuffers> traces) {
    int columns = Cell.GATES * stage.hiddenSize();
    int stepsPerChunk = stepsPerChunk(steps, sequences);
    Buffer xw = projected(steps, sequences, values);
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
    LstmTargets targets = targets(steps, sequences);
    if (traces.isEmpty() && sequence.isPresent()) {
      sequence.get().bind(sequences, targets, order, xw, weights, state);
      return () -> run(() -> {}, sequence.get()::enqueue, sequences, order, stepsPerChunk);
    }
    StepKernel recurrent = traces.isEmpty() ? step.orElseThrow() : tracedStep();
    recurrent.bind(sequences, targets, order, xw, weights, state, values);
    stage
        .mask()
        .ifPresent(m -> recurrent.bindMask(values.of(m), stage.maskStrides(steps, sequences)));
    traces.ifPresent(t -> recurrent.bindTrace(steps * sequences, sequences, t.of(stage, index)));
    project.ifPresent(p -> p.bind(targets, order, weights, state));
    Chunk stepByStep =
        (first, end, firstRow, running) -> stepwise(recurrent, order, first, end, firstRow);
    return () -> run(recurrent::begin, stepByStep, sequences, order, stepsPerChunk);
  }

  /**
   * Starts the recurrence over steps first to before end, of which the first has {@code running}
   * sequences.
   */
  private interface Chunk {
    void enqueue(int first, int end, int firstRow, int running);
  }

  private void stepwise(StepKernel recurrent, RunOrder order, int first, int end, int firstRow) {
    for (int t = first; t < end; t++) {
      recurrent.enqueue(t, firstRow, order.running(t));
      if (project.isPresent()) {
        project.get().enqueue(t, order.running(t));
      }
    }
  }

  private StepKernel step(boolean tracing) {
    Cell cell = direction.cell();
    if (recurrence instanceof OpenClPlan.MatrixStepTile tile) {
      return new LstmMatrixStep(programs, plan, tile, cell, index, tracing);
    }
    OpenClPlan.StepTile tile =
        recurrence instanceof OpenClPlan.StepTile own ? own : plan.steps().get(0);
    return new LstmStep(programs, plan, tile, cell, stage.mask().isPresent(), tracing);
  }

  private StepKernel tracedStep() {
    if (traced.isEmpty()) {
      traced = Optional.of(step(true));
    }
    return traced.get();
  }

  private void run(
      Runnable begin, Chunk recurrence, int sequences, RunOrder order, int stepsPerChunk) {
    begin(sequences);
    begin.run();
    int longest = order.longest();
    for (int first = 0; first < longest; first += stepsPerChunk) {
      int end = Math.min(longest, first + stepsPerChunk);
      projectInputs(first, end, order);
      recurrence.enqueue(first, end, order.firstRow(first), order.running(first));
    }
  }

  /** Starts the filling of the states, once bound. */
  void begin(int sequences) {
    beginH.launch(stage.outputSize(), sequences, plan.flatItems(), 1);
    beginC.launch(stage.hiddenSize(), sequences, plan.flatItems(), 1);
  }

  /** Starts the input projection of the steps first to before end, once bound. */
  void projectInputs(int first, int end, RunOrder order) {
    int firstRow = order.firstRow(first);
    int rows = order.firstRow(end) - firstRow;
    inputProjection.enqueueRows(firstRow, rows, Cell.GATES * stage.hiddenSize());
  }

  /** Where the projected inputs of a chunk go. */
  Buffer projected(int steps, int sequences, Values values) {
    long rowBytes = (long) Cell.GATES * stage.hiddenSize() * Float.BYTES;
    long rows = stepsPerChunk(steps, sequences) * (long) sequences;
    return values.scratch(scratchName("projected inputs"), rows * rowBytes);
  }

  /** Where the outputs go. */
  LstmTargets targets(int steps, int sequences) {
    return new LstmTargets(
        index,
        direction.reverse(),
        stage.yStrides(steps, sequences),
        stage.stateStrides(sequences, stage.outputSize()),
        stage.stateStrides(sequences, stage.hiddenSize()));
  }

  /** Which kernel runs the recurrence, and its tile. */
  String variant() {
    return recurrence.kernel() + " " + recurrence;
  }

  private String scratchName(String what) {
    return apart ? what + " " + index : what;
  }

  /** As many steps as the plan's room for projected inputs holds, at least one. */
  int stepsPerChunk(int steps, int sequences) {
    long stepBytes = (long) sequences * Cell.GATES * stage.hiddenSize() * Float.BYTES;
    return (int) Math.max(1, Math.min(steps, plan.projectionBytes() / stepBytes));
  }

  /** The states, which are scratch: every direction of every layer begins by filling them. */
  LstmStep.State state(int sequences, Values values) {
    long hBytes = (long) sequences * stage.outputSize() * Float.BYTES;
    long cBytes = (long) sequences * stage.hiddenSize() * Float.BYTES;
    Buffer h = values.scratch(scratchName("h"), hBytes);
    Buffer c = values.scratch(scratchName("c"), cBytes);
    Buffer y = values.of(stage.y());
    Buffer finalH = values.of(stage.finalH());
    Buffer finalC = values.of(stage.finalC());
    if (project.isPresent()) {
      Buffer m = values.scratch("unprojected h", cBytes);
      return new LstmStep.State(h, h, m, m, c, y, finalH, finalC);
    }
    Buffer other = values.scratch(scratchName("other h"), hBytes);
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
    sequence.ifPresent(LstmSequence::close);
    step.ifPresent(StepKernel::close);
    traced.ifPresent(StepKernel::close);
    project.ifPresent(LstmProject::close);
  }
}
