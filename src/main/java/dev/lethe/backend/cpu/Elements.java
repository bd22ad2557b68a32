package dev.lethe.backend.cpu;

import dev.lethe.Tensor;
import java.nio.FloatBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Where an LSTM layer finds x or leaves y: the session's array for that value, or, where nobody
 * else needs the value, the caller's tensor, which spares a copy of all of it.
 */
final class Elements {
  /** Fewer elements at a time are faster through an array and one copy of everything. */
  private static final int WORTH_IT = 32;

  private final float[] array;
  private final boolean direct;
  private @Nullable Tensor tensor;

  private Elements(float[] array, boolean direct) {
    this.array = array;
    this.direct = direct;
  }

  static Elements of(float[] array) {
    return new Elements(array, false);
  }

  /** The caller's tensor, which {@link #bind} tells. */
  static Elements direct() {
    return new Elements(new float[0], true);
  }

  /** Whether reading or writing {@code width} elements at a time makes this worth it. */
  static boolean pays(int width) {
    return width >= WORTH_IT;
  }

  /**
   * For the next run.
   *
   * @param given null if the caller does not want the value: then nothing is kept
   */
  void bind(@Nullable Tensor given) {
    tensor = given;
  }

  /** All of them. */
  FloatBuffer floats() {
    return tensor != null ? tensor.floats() : FloatBuffer.wrap(array);
  }

  void read(int from, float[] to, int at, int count) {
    if (tensor != null) {
      tensor.copyTo(from, to, at, count);
    } else {
      System.arraycopy(array, from, to, at, count);
    }
  }

  void write(int to, float[] from, int at, int count) {
    if (tensor != null) {
      tensor.copyFrom(to, from, at, count);
    } else if (!direct) {
      System.arraycopy(from, at, array, to, count);
    }
  }
}
