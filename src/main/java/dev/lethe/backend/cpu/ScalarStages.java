package dev.lethe.backend.cpu;

import dev.lethe.backend.StridedCopy;
import dev.lethe.network.Binary;
import dev.lethe.network.Dense;
import dev.lethe.network.Embedding;
import dev.lethe.network.LayerNorm;
import dev.lethe.network.Lstm;
import dev.lethe.network.SelectStep;
import dev.lethe.network.Softmax;
import dev.lethe.network.StepMask;
import java.util.Arrays;
import java.util.List;

/** The stages other than LSTM layers, in double precision. */
final class ScalarStages {
  private ScalarStages() {}

  static double[] dense(Dense stage, double[] x) {
    int features = stage.weights().rows();
    int columns = stage.weights().columns();
    int rows = x.length / features;
    double[] y = new double[rows * columns];
    for (int row = 0; row < rows; row++) {
      for (int n = 0; n < columns; n++) {
        double sum = 0;
        for (int k = 0; k < features; k++) {
          sum += x[row * features + k] * stage.weights().at(k, n);
        }
        y[row * columns + n] = sum + stage.bias().at(0, n);
      }
    }
    return y;
  }

  static double[] embedding(Embedding stage, double[] ids) {
    int width = stage.table().columns();
    double[] y = new double[ids.length * width];
    for (int n = 0; n < ids.length; n++) {
      int id = (int) ids[n];
      int row = id < 0 ? id + stage.table().rows() : id;
      for (int k = 0; k < width; k++) {
        y[n * width + k] = stage.table().at(row, k);
      }
    }
    return y;
  }

  static double[] softmax(Softmax stage, double[] x, int width) {
    double[] y = new double[x.length];
    for (int at = 0; at < x.length; at += width) {
      double largest = Double.NEGATIVE_INFINITY;
      for (int k = at; k < at + width; k++) {
        largest = Math.max(largest, x[k]);
      }
      double sum = 0;
      for (int k = at; k < at + width; k++) {
        sum += Math.exp(x[k] - largest);
      }
      for (int k = at; k < at + width; k++) {
        double shifted = x[k] - largest;
        y[k] = stage.logarithm() ? shifted - Math.log(sum) : Math.exp(shifted) / sum;
      }
    }
    return y;
  }

  static double[] layerNorm(LayerNorm stage, double[] x) {
    int width = stage.scale().size();
    double[] y = x.clone();
    for (int at = 0; at < x.length; at += width) {
      normalize(y, at, width, stage.epsilon());
      for (int k = 0; k < width; k++) {
        y[at + k] = y[at + k] * stage.scale().at(0, k) + stage.shift().at(0, k);
      }
    }
    return y;
  }

  /** Makes the mean 0 and the variance 1 of some values in a row. */
  static void normalize(double[] values, int at, int width, double epsilon) {
    double mean = Arrays.stream(values, at, at + width).sum() / width;
    double squares = Arrays.stream(values, at, at + width).map(v -> (v - mean) * (v - mean)).sum();
    double deviation = Math.sqrt(squares / width + epsilon);
    for (int k = at; k < at + width; k++) {
      values[k] = (values[k] - mean) / deviation;
    }
  }

  static double[] stepMask(StepMask stage, double[] x, int width) {
    double[] y = new double[x.length / width];
    for (int k = 0; k < x.length; k++) {
      y[k / width] = x[k] != stage.skipped() ? 1 : y[k / width];
    }
    return y;
  }

  /**
   * @param shape of x
   */
  static double[] selectStep(SelectStep stage, double[] x, double[] lengths, int[] shape) {
    boolean timeMajor = stage.layout() == Lstm.SequenceLayout.TIME_MAJOR;
    int sequences = shape[timeMajor ? 1 : 0];
    int steps = shape[timeMajor ? 0 : 1];
    int width = shape[2];
    double[] y = new double[sequences * width];
    for (int b = 0; b < sequences; b++) {
      int t = (int) lengths[b] - stage.back();
      if (t >= 0) {
        int from = timeMajor ? t * sequences + b : b * steps + t;
        System.arraycopy(x, from * width, y, b * width, width);
      }
    }
    return y;
  }

  static double[] binary(Binary stage, double[] a, double[] b) {
    double[] y = new double[a.length];
    for (int k = 0; k < y.length; k++) {
      y[k] =
          switch (stage.operation()) {
            case ADD -> a[k] + b[k];
            case SUBTRACT -> a[k] - b[k];
            case MULTIPLY -> a[k] * b[k];
          };
    }
    return y;
  }

  static void copy(StridedCopy copy, double[] from, double[] to) {
    copy(copy, 0, from, copy.fromOffset(), to, copy.toOffset());
  }

  private static void copy(
      StridedCopy copy, int axis, double[] from, int fromAt, double[] to, int toAt) {
    List<Integer> extents = copy.extents();
    if (axis == extents.size()) {
      to[toAt] = from[fromAt];
      return;
    }
    for (int k = 0; k < extents.get(axis); k++) {
      int source = fromAt + k * copy.fromStrides().get(axis);
      copy(copy, axis + 1, from, source, to, toAt + k * copy.toStrides().get(axis));
    }
  }
}
