package dev.lethe.backend.opencl;

import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** POSIX's function that tells and sets what happens on a signal. */
final class Sigaction {
  static final int SIGQUIT = 3;
  static final int SIGTRAP = 5;

  private static final int SIGILL = 4;
  private static final int SIGBUS = Platform.isLinux() ? 7 : 10;
  private static final int SIGFPE = 8;
  private static final int SIGSEGV = 11;

  /** The faults that the virtual machine lives by, and what jstack and others ask it with. */
  private static final int[] SIGNALS = {SIGQUIT, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV};

  /** More than any system's struct sigaction. */
  private static final int BYTES = 1024;

  private final Function function;

  private Sigaction(Function function) {
    this.function = function;
  }

  /** Null on Windows, which has no such signals, and where JNA's native part cannot be loaded. */
  static @Nullable Sigaction ofThisSystem() {
    if (System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows")) {
      return null;
    }
    try {
      return new Sigaction(NativeLibrary.getProcess().getFunction("sigaction"));
    } catch (LinkageError e) {
      return null;
    }
  }

  /** What happens on each of the signals that the virtual machine needs. */
  Map<Integer, byte[]> actions() {
    Map<Integer, byte[]> actions = new HashMap<>();
    for (int signal : SIGNALS) {
      actions.put(signal, get(signal));
    }
    return actions;
  }

  /** A {@code struct sigaction}. */
  byte[] get(int signal) {
    try (Memory memory = new Memory(BYTES)) {
      function.invokeInt(new Object[] {signal, null, memory});
      return memory.getByteArray(0, BYTES);
    }
  }

  /**
   * Whether the handler is that of {@code action}. All systems have its address first; what lies
   * behind may differ in bytes that mean nothing.
   */
  boolean has(int signal, byte[] action) {
    return Arrays.equals(get(signal), 0, Native.POINTER_SIZE, action, 0, Native.POINTER_SIZE);
  }

  /** {@code action} as {@link #get} gave it. */
  void set(int signal, byte[] action) {
    try (Memory memory = new Memory(BYTES)) {
      memory.write(0, action, 0, BYTES);
      function.invokeInt(new Object[] {signal, memory, null});
    }
  }
}
