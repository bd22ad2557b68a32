package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;

/** Host side of a kernel that does one step of one layer and direction. */
interface StepKernel extends AutoCloseable {
  /** Sets what stays the same for all steps of runs with so many sequences. */
  void bind(
      int sequences,
      LstmTargets targets,
      RunOrder order,
      Buffer xw,
      CellWeights weights,
      LstmStep.State state,
      Values values);

  /** The mask of a layer that has one. */
  void bindMask(Buffer mask, Lstm.Strides strides);

  /**
   * Where the gates go.
   *
   * @param rows T*B
   * @param trace [5][T][B][H]
   */
  void bindTrace(int rows, int sequences, Buffer trace);

  /** Starts what follows the filling of the states, before the first step. */
  void begin();

  /** Starts one step; {@code firstRow} is the row of the projected inputs that xw begins with. */
  void enqueue(int step, int firstRow, int running);

  @Override
  void close();
}
