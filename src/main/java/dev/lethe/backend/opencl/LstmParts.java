package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import java.util.List;

/**
 * The directions of a layer that run in the same launches, and where they read and write: strides
 * of y and of the final states, in elements, and what each direction has for itself.
 *
 * @param first direction, 0 or 1
 * @param reversed bit d is set where direction d runs from each sequence's last step to its first
 * @param each of them, one or two
 */
record LstmParts(
    int first, int reversed, Lstm.Strides y, Lstm.Strides h, Lstm.Strides c, List<Part> each) {
  LstmParts {
    each = List.copyOf(each);
  }

  /**
   * One direction's memory.
   *
   * @param xw projected inputs
   */
  record Part(Buffer xw, CellWeights weights, LstmStep.State state) {}

  /** How many they are. */
  int directions() {
    return each.size();
  }

  /** Which of them the arguments for direction 0 or 1 are of: those that are not read must be. */
  int place(int direction) {
    return Math.min(Math.max(direction - first, 0), each.size() - 1);
  }

  /** The part that the arguments for direction 0 or 1 are of. */
  Part of(int direction) {
    return each.get(place(direction));
  }

  /** Sets reversed, y_time, y_batch, y_direction, h_batch and h_direction from argument 2 on. */
  void setHidden(Kernel kernel) {
    kernel
        .set(2, reversed)
        .set(3, y.time())
        .set(4, y.batch())
        .set(5, y.direction())
        .set(6, h.batch())
        .set(7, h.direction());
  }

  /** Sets c_batch, c_direction and first_direction, which follow those of {@link #setHidden}. */
  void setCell(Kernel kernel) {
    kernel.set(8, c.batch()).set(9, c.direction()).set(10, first);
  }

  /** Sets y, final_h and final_c from argument {@code at} on. */
  void setOutputs(Kernel kernel, int at) {
    LstmStep.State state = of(first).state();
    kernel.set(at, state.y()).set(at + 1, state.finalH()).set(at + 2, state.finalC());
  }
}
