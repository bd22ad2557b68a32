package dev.lethe.backend.opencl;

import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The recurrence of the parts that share launches, without work-groups that wait for each other: in
 * one launch where a work-group can own the layer (lstm_sequence.cl), otherwise one for each step
 * (lstm_step.cl, lstm_matrix_step.cl, or lstm_norm_step.cl with normalization) or two with a
 * projection (lstm_project.cl).
 */
final class LstmSteps implements AutoCloseable {
  private final Lstm stage;
  private final List<Integer> parts;
  private final LstmParts.Kind kind;
  private final Cell cell;
  private final Programs programs;
  private final OpenClPlan plan;
  private final Recurrence recurrence;
  // one of the two: all steps of a chunk in one launch, or a launch for each
  private final Optional<LstmSequence> sequence;
  private final Optional<StepKernel> step;
  private final Optional<LstmProject> project;
  // empty until the first trace
  private Optional<StepKernel> traced = Optional.empty();

  /**
   * @param stage the layer, or the lower of two
   * @param parts that it runs
   * @param kind what these are
   * @param recurrence by which kernel
   */
  LstmSteps(
      Lstm stage,
      List<Integer> parts,
      LstmParts.Kind kind,
      Programs programs,
      OpenClPlan plan,
      Recurrence recurrence) {
    this.stage = stage;
    this.parts = parts;
    this.kind = kind;
    this.cell = stage.directions().get(parts.get(0)).cell();
    this.programs = programs;
    this.plan = plan;
    this.recurrence = recurrence;
    this.sequence =
        recurrence instanceof SequenceTile tile
            ? Optional.of(new LstmSequence(programs, plan, tile, cell, kind))
            : Optional.empty();
    this.step = sequence.isPresent() ? Optional.empty() : Optional.of(step(false));
    this.project =
        cell.projection().isEmpty()
            ? Optional.empty()
            : Optional.of(new LstmProject(programs, plan, cell));
  }

  /**
   * Makes ready for runs of this size.
   *
   * @param traces where to leave the gates, if at all; the first such call compiles
   */
  LstmChain bind(
      Map<String, Integer> sizes,
      LstmParts bound,
      RunOrder order,
      Values values,
      Optional<GateBuffers> traces) {
    int steps = stage.time().resolve(sizes);
    int sequences = stage.batch().resolve(sizes);
    if (traces.isEmpty() && sequence.isPresent()) {
      sequence.get().bind(sequences, bound, order);
      return sequence.get();
    }
    StepKernel recurrent = traces.isEmpty() ? step.orElseThrow() : tracedStep();
    recurrent.bind(sequences, bound, order, values);
    stage
        .mask()
        .ifPresent(m -> recurrent.bindMask(values.of(m), stage.maskStrides(steps, sequences)));
    if (traces.isPresent()) {
      List<Buffer> all = parts.stream().map(d -> traces.get().of(stage, d)).toList();
      List<Buffer> both = List.of(all.get(bound.place(0)), all.get(bound.place(1)));
      recurrent.bindTrace(steps * sequences, sequences, both);
    }
    project.ifPresent(p -> p.bind(bound, order));
    return new Stepwise(recurrent, project);
  }

  /** A launch for each step, and one for its projection. */
  private record Stepwise(StepKernel recurrent, Optional<LstmProject> project)
      implements LstmChain {
    @Override
    public void begin() {
      recurrent.begin();
    }

    @Override
    public void enqueue(int first, int end, LstmParts parts, RunOrder order) {
      for (int t = first; t < end; t++) {
        int running = parts.running(t, order);
        if (running > 0) {
          recurrent.enqueue(t, first, parts, order);
        }
        if (project.isPresent()) {
          project.get().enqueue(t, running);
        }
      }
    }
  }

  /** Which kernel runs the recurrence, and its tile. */
  String variant() {
    return recurrence.kernel() + " " + recurrence;
  }

  private StepKernel step(boolean tracing) {
    if (recurrence instanceof MatrixStepTile tile) {
      return new LstmMatrixStep(programs, plan, tile, cell, parts, kind, tracing);
    }
    StepTile tile = recurrence instanceof StepTile own ? own : plan.steps().get(0);
    return new LstmStep(programs, plan, tile, cell, kind, stage.mask().isPresent(), tracing);
  }

  private StepKernel tracedStep() {
    if (traced.isEmpty()) {
      traced = Optional.of(step(true));
    }
    return traced.get();
  }

  @Override
  public void close() {
    sequence.ifPresent(LstmSequence::close);
    step.ifPresent(StepKernel::close);
    traced.ifPresent(StepKernel::close);
    project.ifPresent(LstmProject::close);
  }
}
