package dev.lethe.backend.opencl;

import org.jspecify.annotations.Nullable;

/**
 * Gives the Java virtual machine its signal handlers back after an OpenCL driver has taken them.
 *
 * <p>LLVM, which PoCL and Mesa compile with, replaces the process's handler of SIGSEGV whenever it
 * works on a file that it would remove after a crash. The virtual machine stops its threads for a
 * safepoint by letting them fault on a protected page; LLVM's handler gives way to the one before
 * it on the first fault, but a second thread that faults in that moment ends the process (seen in
 * one of ten runs on two threads). So the first fault is provoked here, by one thread, when a
 * driver may have compiled: reading the length of an array that is null is a fault of the same
 * kind, which the virtual machine answers with the exception that Java knows.
 *
 * <p>A process that is started with the JDK's libjsig preloaded needs none of this.
 */
final class SignalHandlers {
  private SignalHandlers() {}

  /** To be called after a driver may have compiled; costs some microseconds. */
  static void restore() {
    try {
      length(null);
    } catch (NullPointerException e) {
      // what was wanted: the handler that turned the fault into this is the virtual machine's own
    }
  }

  // Rarely called, so not compiled by C2, which would test for null instead of faulting.
  @SuppressWarnings({"NullAway", "DataFlowIssue"})
  private static int length(float @Nullable [] array) {
    return array.length;
  }
}
