package dev.lethe.backend.opencl;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.util.Objects;
import java.util.function.IntSupplier;

/**
 * Gives the Java virtual machine its signal handlers back after an OpenCL driver has taken them.
 *
 * <p>LLVM, which PoCL and Mesa compile with, replaces the process's handler of SIGSEGV whenever it
 * works on a file that it would remove after a crash. The virtual machine stops its threads for a
 * safepoint by letting them fault on a protected page; LLVM's handler gives way to the one before
 * it on the first fault, but a second thread that faults in that moment ends the process (seen in
 * one of ten runs on two threads). So the first fault is provoked here, by one thread, when a
 * driver may have compiled: reading the length of an array that is null is a fault of the same
 * kind, which the virtual machine answers with the exception that Java knows. Once it has compiled
 * the code that does so, it would test for null instead; so that code ({@link NullLength}) is a new
 * class before it has run often enough for that.
 *
 * <p>A process that is started with the JDK's libjsig preloaded needs none of this.
 */
final class SignalHandlers {
  /** Fewer than any compiler waits for. */
  private static final int MOST_USES = 100;

  private static final byte[] NULL_LENGTH = bytes();

  private static IntSupplier nullLength = fresh();
  private static int uses;

  private SignalHandlers() {}

  /** To be called after a driver may have compiled; costs some microseconds. */
  static synchronized void restore() {
    if (++uses > MOST_USES) {
      nullLength = fresh();
      uses = 1;
    }
    try {
      int length = nullLength.getAsInt();
      throw new IllegalStateException("an array that is not there has a length of " + length);
    } catch (NullPointerException e) {
      // what was wanted: the handler that turned the fault into this is the virtual machine's own
    }
  }

  private static IntSupplier fresh() {
    try {
      return (IntSupplier)
          MethodHandles.lookup()
              .defineHiddenClass(NULL_LENGTH, true)
              .lookupClass()
              .getDeclaredConstructor()
              .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] bytes() {
    String name = NullLength.class.getSimpleName() + ".class";
    try (InputStream stream = SignalHandlers.class.getResourceAsStream(name)) {
      return Objects.requireNonNull(stream, name).readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
