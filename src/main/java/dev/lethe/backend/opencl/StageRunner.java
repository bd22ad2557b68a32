package dev.lethe.backend.opencl;

import java.util.Map;

/** A stage with its kernels and weights on the device. Owns them. */
interface StageRunner extends AutoCloseable {
  /**
   * Makes everything ready for runs of these sizes.
   *
   * @return starts the stage's work; allocates, compiles and looks up nothing. Good until the next
   *     bind.
   */
  Runnable bind(Map<String, Integer> sizes, Values values);

  @Override
  void close();
}
