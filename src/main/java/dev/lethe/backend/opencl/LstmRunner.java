package dev.lethe.backend.opencl;

import java.util.List;
import java.util.Map;

/** One LSTM layer, or several that run together, with their kernels and weights on the device. */
interface LstmRunner extends StageRunner {
  /**
   * Like {@link #bind}, and what is returned leaves the gates in {@code traces}; compiles when
   * called for the first time. To be called when bound for these sizes, which stays as it is.
   */
  Runnable bindTraced(Map<String, Integer> sizes, Values values, GateBuffers traces);

  /**
   * For each layer which kernel runs the recurrence for these sizes, how it is cut, and whether
   * that is tuned.
   */
  List<String> variants(Map<String, Integer> sizes);
}
