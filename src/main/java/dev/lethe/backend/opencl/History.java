package dev.lethe.backend.opencl;

/**
 * How the hidden values of a layer lie on the device while it runs: those before step t in slot t
 * modulo {@code slots}. Within a launch none is written twice, so that work-groups see by a value
 * itself whether it is there (exchange.cl).
 *
 * @param slots of all sequences' hidden values
 * @param begun of these that a run begins with: the initial values and, marked as not yet written,
 *     what the first chunk of time writes
 * @param ahead steps between one and the one whose slot it marks; 0 if there is but one chunk
 */
record History(int slots, int begun, int ahead) {
  /** For kernels that write to other memory than they read, and are launched for each step. */
  static final History NONE = new History(1, 1, 0);

  /** For so many steps, of which {@code chunk} are run at a time. */
  static History of(int steps, int chunk) {
    return chunk < steps
        ? new History(2 * chunk + 1, chunk + 1, chunk)
        : new History(steps + 1, steps + 1, 0);
  }
}
