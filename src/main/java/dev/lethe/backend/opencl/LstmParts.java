package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The parts that share launches, directions of a layer or two stacked layers, and where they read
 * and write: strides of y and of the final states, in elements, and what each part has for itself.
 *
 * @param first part, 0 or 1
 * @param lag steps that the upper of two layers is behind the lower, even; 0 for directions
 * @param reversed bit d is set where part d runs from each sequence's last step to its first
 * @param each of them, one or two
 */
record LstmParts(
    int first,
    int lag,
    int reversed,
    Lstm.Strides y,
    Lstm.Strides h,
    Lstm.Strides c,
    List<Part> each) {
  private static final int FIRST = 10;

  LstmParts {
    each = List.copyOf(each);
  }

  /** What the parts of a launch are. */
  enum Kind {
    /** One direction of one layer. */
    ONE,
    /** Both directions of a layer, at the same step. */
    DIRECTIONS,
    /** Two stacked layers, the upper behind the lower. */
    LAYERS
  }

  /**
   * One part's memory.
   *
   * @param xw projected inputs
   */
  record Part(Buffer xw, CellWeights weights, LstmStep.State state) {}

  /** Which of them the arguments for part 0 or 1 are of: those that are not read must be. */
  int place(int part) {
    return Math.min(Math.max(part - first, 0), each.size() - 1);
  }

  /** The part that the arguments for part 0 or 1 are of. */
  Part of(int part) {
    return each.get(place(part));
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

  /**
   * Sets what is the same for all steps and in all kernels of the recurrence: the strides and
   * first_part up to argument 10, and from {@code at} on steps, order and lengths, for both parts
   * xw, r, peepholes and their states, y, final_h and final_c, and what layers take besides.
   *
   * @param states argument by argument, that of the part at a place
   * @return the argument after these
   */
  int bind(Kernel kernel, int at, RunOrder order, List<IntFunction<Buffer>> states) {
    setHidden(kernel);
    kernel.set(8, c.batch()).set(9, c.direction()).set(FIRST, first);
    order.set(kernel, at);
    int next = at + 3;
    for (int d = 0; d < 2; d++) {
      Part part = of(d);
      kernel
          .set(next + d, part.xw())
          .set(next + 2 + d, part.weights().recurrent())
          .set(next + 4 + d, part.weights().special());
    }
    next += 6;
    for (IntFunction<Buffer> state : states) {
      kernel.set(next, state.apply(place(0))).set(next + 1, state.apply(place(1)));
      next += 2;
    }
    next = setOutputs(kernel, next, of(first).state());
    return lag == 0 ? next : setOutputs(kernel.set(next, lag), next + 1, of(1).state());
  }

  private static int setOutputs(Kernel kernel, int at, LstmStep.State state) {
    kernel.set(at, state.y()).set(at + 1, state.finalH()).set(at + 2, state.finalC());
    return at + 3;
  }

  /**
   * Makes ready for a launch from this step of part 0 on: layers are not both at work in the first
   * chunk nor in the last, which first_part tells.
   *
   * @return how many parts it has
   */
  int begin(Kernel kernel, int step, RunOrder order) {
    if (lag == 0) {
      return each.size();
    }
    int from = order.running(step) > 0 ? 0 : 1;
    kernel.set(FIRST, from);
    return step < lag ? 1 : 2 - from;
  }

  /** Sequences that any part has at this step of part 0. */
  int running(int step, RunOrder order) {
    return order.running(step < lag ? step : step - lag);
  }
}
