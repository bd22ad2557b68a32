package dev.lethe.backend.opencl;

/** The chain of steps of one direction of a layer, or of both in the same launches. */
interface LstmChain {
  /** Starts what follows the filling of the states, once bound. */
  void begin();

  /** Starts the steps from {@code first} to before {@code end}, whose inputs are projected. */
  void enqueue(int first, int end, RunOrder order);
}
