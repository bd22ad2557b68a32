package dev.lethe.cli;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * How far an output is from the double reference.
 *
 * @param worst the element that is furthest from or beyond its bound
 * @param absolute distances
 * @param relative distances over the expected magnitude
 * @param ulp distances in units in the last place of single precision
 */
record Agreement(Tolerance.Worst worst, Errors absolute, Errors relative, Errors ulp) {
  /** The largest and the typical (median) of many errors. */
  record Errors(double largest, double typical) {
    private static Errors of(double[] errors) {
      double[] sorted = errors.clone();
      Arrays.sort(sorted);
      return sorted.length == 0
          ? new Errors(0, 0)
          : new Errors(sorted[sorted.length - 1], sorted[sorted.length / 2]);
    }
  }

  /** Whether every element is within the tolerance. */
  boolean passes() {
    return worst.passes();
  }

  /** Error over bound of the worst element: at most 1 passes; infinity where one is missing. */
  double share() {
    return worst.error() == 0 ? 0 : worst.error() / worst.bound();
  }

  /**
   * Holds every float output against the reference, which runs here.
   *
   * @param outputs of the same inputs, by name
   */
  static Map<String, Agreement> check(
      Graph graph, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    return check(
        tolerance(graph, inputs, Precision.FP32), ScalarSession.outputs(graph, inputs), outputs);
  }

  /** Holds every float output against reference outputs that are there already. */
  static Map<String, Agreement> check(
      Tolerance tolerance, Map<String, double[]> expected, Map<String, Tensor> outputs) {
    Map<String, Agreement> all = new LinkedHashMap<>();
    outputs.forEach(
        (name, tensor) ->
            all.put(
                name,
                of(tolerance, Objects.requireNonNull(expected.get(name), name), floats(tensor))));
    return all;
  }

  /** The tolerance for a network on these inputs. */
  static Tolerance tolerance(Graph graph, Map<String, Tensor> inputs, Precision precision) {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    inputs.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    return Tolerance.of(graph, Tolerance.sizes(graph, shapes), precision);
  }

  private static Agreement of(Tolerance tolerance, double[] expected, float[] actual) {
    double[] absolute = new double[actual.length];
    double[] relative = new double[actual.length];
    double[] ulp = new double[actual.length];
    for (int k = 0; k < actual.length; k++) {
      double error = Math.abs(actual[k] - expected[k]);
      absolute[k] = Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
      relative[k] = absolute[k] == 0 ? 0 : absolute[k] / Math.abs(expected[k]);
      ulp[k] = Tolerance.ulps(expected[k], actual[k]);
    }
    return new Agreement(
        tolerance.check(expected, actual),
        Errors.of(absolute),
        Errors.of(relative),
        Errors.of(ulp));
  }

  private static float[] floats(Tensor tensor) {
    if (tensor.type() == Tensor.Type.FLOAT32) {
      FloatBuffer floats = tensor.floats();
      float[] values = new float[floats.remaining()];
      floats.get(values);
      return values;
    }
    int[] ints = tensor.toIntArray();
    float[] values = new float[ints.length];
    for (int k = 0; k < ints.length; k++) {
      values[k] = ints[k];
    }
    return values;
  }
}
