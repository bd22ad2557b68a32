package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;

/**
 * Where the outputs of one direction of a layer go: strides of y and of the final states, in
 * elements.
 *
 * @param direction 0 or 1
 * @param reverse whether it runs from each sequence's last step to its first
 */
record LstmTargets(int direction, boolean reverse, Lstm.Strides y, Lstm.Strides h, Lstm.Strides c) {

  /** Sets reverse, y_time, y_batch, y_offset, h_batch and h_offset from argument 2 on. */
  void setHidden(Kernel kernel) {
    kernel
        .set(2, reverse ? 1 : 0)
        .set(3, y.time())
        .set(4, y.batch())
        .set(5, direction * y.direction())
        .set(6, h.batch())
        .set(7, direction * h.direction());
  }

  /** Sets c_batch and c_offset, which follow the arguments of {@link #setHidden}. */
  void setCell(Kernel kernel) {
    kernel.set(8, c.batch()).set(9, direction * c.direction());
  }
}
