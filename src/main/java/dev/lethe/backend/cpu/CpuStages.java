package dev.lethe.backend.cpu;

import dev.lethe.Tensor;
import dev.lethe.backend.StridedCopy;
import dev.lethe.network.Activation;
import dev.lethe.network.Binary;
import dev.lethe.network.Embedding;
import dev.lethe.network.LayerNorm;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.SelectStep;
import dev.lethe.network.Softmax;
import dev.lethe.network.StepMask;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The smaller stages on the fast path: each method makes room for a batch and returns what runs it.
 */
final class CpuStages {
  private CpuStages() {}

  static Runnable embedding(Embedding stage, Map<String, Integer> sizes, Buffers buffers) {
    Matrix table = stage.table();
    int[] ids = buffers.ints(stage.ids());
    float[] y = buffers.floats(stage.y());
    int count = stage.ids().shape().count().resolve(sizes);
    int width = table.columns();
    return () -> {
      for (int n = 0; n < count; n++) {
        int row = ids[n] < 0 ? ids[n] + table.rows() : ids[n];
        for (int k = 0; k < width; k++) {
          y[n * width + k] = table.at(row, k);
        }
      }
    };
  }

  static Runnable activation(Activation stage, Map<String, Integer> sizes, Buffers buffers) {
    float[] x = buffers.floats(stage.x());
    float[] y = buffers.floats(stage.y());
    int count = stage.y().shape().count().resolve(sizes);
    return () -> {
      for (int k = 0; k < count; k++) {
        y[k] = FloatMath.apply(stage.function(), x[k]);
      }
    };
  }

  static Runnable softmax(Softmax stage, Map<String, Integer> sizes, Buffers buffers) {
    float[] x = buffers.floats(stage.x());
    float[] y = buffers.floats(stage.y());
    int count = stage.y().shape().count().resolve(sizes);
    int width = stage.y().shape().dim(-1).resolve(sizes);
    return () -> {
      for (int at = 0; at < count; at += width) {
        softmax(x, y, at, width, stage.logarithm());
      }
    };
  }

  private static void softmax(float[] x, float[] y, int at, int width, boolean logarithm) {
    float largest = Float.NEGATIVE_INFINITY;
    for (int k = at; k < at + width; k++) {
      largest = Math.max(largest, x[k]);
    }
    double sum = 0;
    for (int k = at; k < at + width; k++) {
      sum += Math.exp((double) x[k] - largest);
    }
    double log = Math.log(sum);
    for (int k = at; k < at + width; k++) {
      double shifted = (double) x[k] - largest;
      y[k] = (float) (logarithm ? shifted - log : Math.exp(shifted) / sum);
    }
  }

  static Runnable layerNorm(LayerNorm stage, Map<String, Integer> sizes, Buffers buffers) {
    float[] x = buffers.floats(stage.x());
    float[] y = buffers.floats(stage.y());
    int count = stage.y().shape().count().resolve(sizes);
    int width = stage.scale().size();
    return () -> {
      for (int at = 0; at < count; at += width) {
        layerNorm(stage, x, y, at);
      }
    };
  }

  private static void layerNorm(LayerNorm stage, float[] x, float[] y, int at) {
    int width = stage.scale().size();
    double sum = 0;
    for (int k = at; k < at + width; k++) {
      sum += x[k];
    }
    double mean = sum / width;
    double squares = 0;
    for (int k = at; k < at + width; k++) {
      squares += (x[k] - mean) * (x[k] - mean);
    }
    double factor = 1 / Math.sqrt(squares / width + stage.epsilon());
    for (int k = 0; k < width; k++) {
      double normal = (x[at + k] - mean) * factor;
      y[at + k] = (float) (normal * stage.scale().at(0, k) + stage.shift().at(0, k));
    }
  }

  static Runnable stepMask(StepMask stage, Map<String, Integer> sizes, Buffers buffers) {
    boolean ids = stage.x().type() == Tensor.Type.INT32;
    int[] ints = ids ? buffers.ints(stage.x()) : new int[0];
    float[] floats = ids ? new float[0] : buffers.floats(stage.x());
    float[] y = buffers.floats(stage.y());
    int count = stage.y().shape().count().resolve(sizes);
    int width = stage.width().resolve(sizes);
    return () -> {
      for (int n = 0; n < count; n++) {
        boolean counts = false;
        for (int k = n * width; k < (n + 1) * width; k++) {
          counts |= (ids ? ints[k] : floats[k]) != stage.skipped();
        }
        y[n] = counts ? 1 : 0;
      }
    };
  }

  static Runnable selectStep(SelectStep stage, Map<String, Integer> sizes, Buffers buffers) {
    boolean timeMajor = stage.layout() == Lstm.SequenceLayout.TIME_MAJOR;
    int[] shape = stage.x().shape().resolve(sizes);
    int sequences = shape[timeMajor ? 1 : 0];
    int steps = shape[timeMajor ? 0 : 1];
    int width = shape[2];
    int[] lengths = buffers.ints(stage.lengths());
    float[] x = buffers.floats(stage.x());
    float[] y = buffers.floats(stage.y());
    return () -> {
      for (int b = 0; b < sequences; b++) {
        int t = lengths[b] - stage.back();
        if (t < 0) {
          Arrays.fill(y, b * width, (b + 1) * width, 0f);
        } else {
          int from = timeMajor ? t * sequences + b : b * steps + t;
          System.arraycopy(x, from * width, y, b * width, width);
        }
      }
    };
  }

  static Runnable binary(Binary stage, Map<String, Integer> sizes, Buffers buffers) {
    float[] a = buffers.floats(stage.a());
    float[] b = buffers.floats(stage.b());
    float[] y = buffers.floats(stage.y());
    int count = stage.y().shape().count().resolve(sizes);
    return () -> {
      for (int k = 0; k < count; k++) {
        y[k] =
            switch (stage.operation()) {
              case ADD -> a[k] + b[k];
              case SUBTRACT -> a[k] - b[k];
              case MULTIPLY -> a[k] * b[k];
            };
      }
    };
  }

  /**
   * @param from float[] or int[]
   * @param to the same
   */
  static Runnable copy(StridedCopy copy, Object from, Object to) {
    int[] extents = array(copy.extents());
    int[] fromStrides = array(copy.fromStrides());
    int[] toStrides = array(copy.toStrides());
    return () ->
        copy(extents, fromStrides, toStrides, 0, from, copy.fromOffset(), to, copy.toOffset());
  }

  private static void copy(
      int[] extents,
      int[] fromStrides,
      int[] toStrides,
      int axis,
      Object from,
      int fromAt,
      Object to,
      int toAt) {
    if (axis < extents.length - 1) {
      for (int k = 0; k < extents[axis]; k++) {
        int source = fromAt + k * fromStrides[axis];
        copy(
            extents,
            fromStrides,
            toStrides,
            axis + 1,
            from,
            source,
            to,
            toAt + k * toStrides[axis]);
      }
    } else if (axis == extents.length || fromStrides[axis] == 1 && toStrides[axis] == 1) {
      System.arraycopy(from, fromAt, to, toAt, axis == extents.length ? 1 : extents[axis]);
    } else {
      for (int k = 0; k < extents[axis]; k++) {
        System.arraycopy(from, fromAt + k * fromStrides[axis], to, toAt + k * toStrides[axis], 1);
      }
    }
  }

  private static int[] array(List<Integer> numbers) {
    return numbers.stream().mapToInt(Integer::intValue).toArray();
  }
}
