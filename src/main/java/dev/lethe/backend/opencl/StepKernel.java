package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import java.util.List;

/** Host side of a kernel that does one step of the parts of a launch. */
interface StepKernel extends AutoCloseable {
  /** Sets what stays the same for all steps of runs with so many sequences. */
  void bind(int sequences, LstmParts parts, RunOrder order, Values values);

  /** The mask of a layer that has one. */
  void bindMask(Buffer mask, Lstm.Strides strides);

  /**
   * Where the gates go.
   *
   * @param rows T*B
   * @param traces [5][T][B][H] for direction 0 and 1; one that does not run may be any
   */
  void bindTrace(int rows, int sequences, List<Buffer> traces);

  /** Starts what follows the filling of the states, before the first step. */
  void begin();

  /**
   * Starts one step of the parts that are bound; where these are layers, {@code step} and {@code
   * chunk} are the lower one's.
   *
   * @param chunk step whose projected inputs xw begins with
   */
  void enqueue(int step, int chunk, LstmParts parts, RunOrder order);

  @Override
  void close();
}
