package dev.lethe.backend.opencl;

import java.util.function.IntSupplier;

/** Reads the length of an array that is not there; see {@link SignalHandlers}. */
final class NullLength implements IntSupplier {
  @Override
  @SuppressWarnings("NullAway") // the exception is what is wanted
  public int getAsInt() {
    float[] array = null;
    return array.length;
  }
}
