package dev.lethe.backend.opencl;

/** The chain of steps of the parts that share launches. */
interface LstmChain {
  /** Starts what follows the filling of the states, once bound. */
  void begin();

  /**
   * Starts the steps from {@code first} to before {@code end}, whose inputs are projected, of the
   * parts that are bound; where these are layers, the lower one's steps.
   */
  void enqueue(int first, int end, LstmParts parts, RunOrder order);
}
