package dev.lethe.backend;

import dev.lethe.Dim;
import dev.lethe.Precision;
import dev.lethe.network.Activation;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.Dense;
import dev.lethe.network.Graph;
import dev.lethe.network.LayerNorm;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Stage;
import java.util.HashMap;
import java.util.Map;

/**
 * How far single-precision results may be from the double reference: the one place that says so. An
 * element passes if {@code |actual - expected| <= absolute + relative * |expected|}; NaN and
 * infinity never pass.
 *
 * <p>Reasoning, with u = 2^-24 the rounding error of one operation:
 *
 * <ul>
 *   <li>A sum of K rounded products errs by at most about K u times the sum of their magnitudes;
 *       since the errors have both signs it grows like sqrt(K) u in practice. Pre-activations are
 *       sums of terms of order 1.
 *   <li>Sigmoid and tanh shrink errors (slopes 1/4 and 1) and add a few u of their own.
 *   <li>A step hands its error on through c and h. A forget gate below 1 makes that a geometric
 *       series; the worst still stable case, a gate near 1, adds the steps' errors up: sqrt(T) u as
 *       they are independent.
 *   <li>Layers and heads in a row add up likewise. Normalization divides errors by a deviation that
 *       may be below 1, of the gates and of c: it counts as two layers more.
 * </ul>
 *
 * <p>So the bound is SAFETY * u * (BASE + sqrt(K)) * sqrt(1 + T) * depth, with SAFETY for weights
 * that amplify. Activations without a bound (ReLU, affine, ...) let magnitudes grow, for which the
 * relative part stands.
 *
 * <p>Where the inputs of an LSTM layer's products are rounded to fewer bits ({@link Precision}),
 * the same reasoning holds with the unit of that precision for the terms of the sums, each of which
 * has two rounded factors; what comes after them is as in single precision, and is added. In int8
 * the error of a weight goes by the largest of its row, so the unit is multiplied by the largest
 * weight of the network if that is above 1.
 *
 * @param absolute for elements near 0
 * @param relative per magnitude of the expected element
 */
public record Tolerance(double absolute, double relative) {
  /** Rounding error of one single-precision operation: 2^-24. */
  public static final double UNIT = 0x1p-24;

  private static final double SAFETY = 2;

  /** Errors of the activation functions and of the update of c, in units. */
  private static final double BASE = 8;

  /**
   * What the errors of the terms alone make up of the bound, for terms with two rounded factors.
   */
  private static final double TERMS = 0.25;

  /** The element that is furthest beyond or nearest to its bound. */
  public record Worst(int index, double expected, float actual, double bound) {
    /** Distance; infinity where a number is missing or infinite. */
    public double error() {
      double error = Math.abs(actual - expected);
      return Double.isNaN(error) ? Double.POSITIVE_INFINITY : error;
    }

    /** Whether the element, and with it every element, is within its bound. */
    public boolean passes() {
      return error() <= bound;
    }

    @Override
    public String toString() {
      return "element "
          + index
          + ": expected "
          + expected
          + ", got "
          + actual
          + ", off by "
          + error()
          + ", allowed "
          + bound;
    }
  }

  /** For one reduction length, number of steps in a row and number of layers in a row. */
  public static Tolerance of(int reduction, int steps, int layers) {
    double units =
        SAFETY * (BASE + Math.sqrt(reduction)) * Math.sqrt(1.0 + steps) * Math.max(1, layers);
    return new Tolerance(units * UNIT, units * UNIT);
  }

  /**
   * For a network on data of these sizes.
   *
   * @param sizes a value for every named size
   */
  public static Tolerance of(Graph graph, Map<String, Integer> sizes) {
    int reduction = 1;
    int steps = 0;
    int layers = 0;
    for (Stage stage : graph.steps()) {
      if (stage instanceof Lstm lstm) {
        reduction = Math.max(reduction, lstm.inputSize() + lstm.outputSize());
        reduction = Math.max(reduction, lstm.hiddenSize());
        steps = Math.max(steps, lstm.time().resolve(sizes));
        layers += lstm.directions().stream().anyMatch(d -> unbounded(d.cell())) ? 2 : 1;
        layers += lstm.directions().get(0).cell().norm().isPresent() ? 2 : 0;
      } else if (stage instanceof Dense dense) {
        reduction = Math.max(reduction, dense.weights().rows());
        layers++;
      } else if (stage instanceof LayerNorm norm) {
        reduction = Math.max(reduction, norm.scale().size());
        layers++;
      } else if (stage instanceof Activation) {
        layers++;
      }
    }
    return of(reduction, steps, layers);
  }

  /**
   * For a network on data of these sizes, where the inputs of the LSTM layers' products are
   * rounded.
   *
   * @param sizes a value for every named size
   */
  public static Tolerance of(Graph graph, Map<String, Integer> sizes, Precision precision) {
    Tolerance single = of(graph, sizes);
    if (precision == Precision.FP32) {
      return single;
    }
    double more = precision.unit() / UNIT * TERMS;
    if (precision == Precision.INT8) {
      more *= Math.max(1, largestWeight(graph));
    }
    return new Tolerance(single.absolute * (1 + more), single.relative * (1 + more));
  }

  /**
   * What the rounding of a precision adds to the bound of single precision; 0 for fp32 itself.
   *
   * @param sizes a value for every named size
   */
  public static Tolerance rounding(Graph graph, Map<String, Integer> sizes, Precision precision) {
    Tolerance single = of(graph, sizes);
    Tolerance rounded = of(graph, sizes, precision);
    return new Tolerance(rounded.absolute - single.absolute, rounded.relative - single.relative);
  }

  /** This one and {@code times} the other. */
  public Tolerance plus(Tolerance other, double times) {
    return new Tolerance(absolute + times * other.absolute, relative + times * other.relative);
  }

  /** How far an element may be from what is expected. */
  public double allowed(double expected) {
    return absolute + relative * Math.abs(expected);
  }

  private static double largestWeight(Graph graph) {
    return graph
        .lstms()
        .flatMap(lstm -> lstm.directions().stream())
        .mapToDouble(d -> Math.max(largest(d.cell().input()), largest(d.cell().recurrent())))
        .max()
        .orElse(0);
  }

  private static double largest(Matrix weights) {
    double largest = 0;
    for (float weight : weights.toArray()) {
      largest = Math.max(largest, Math.abs(weight));
    }
    return largest;
  }

  /** The sizes that the shapes of these inputs give the named axes. */
  public static Map<String, Integer> sizes(Graph graph, Map<String, int[]> shapes) {
    Map<String, Integer> sizes = new HashMap<>();
    for (Graph.Entry entry : graph.entries()) {
      int[] shape = shapes.getOrDefault(entry.value().name(), new int[0]);
      for (int axis = 0; axis < shape.length; axis++) {
        Dim dim = entry.value().shape().dim(axis);
        int length = shape[axis];
        dim.name().ifPresent(name -> sizes.put(name, length));
      }
    }
    return sizes;
  }

  /**
   * Holds results against the reference.
   *
   * @return the worst element; an empty array passes
   * @throws IllegalArgumentException when the numbers of elements differ
   */
  public Worst check(double[] expected, float[] actual) {
    if (expected.length != actual.length) {
      throw new IllegalArgumentException(
          expected.length + " elements expected, got " + actual.length);
    }
    Worst worst = new Worst(-1, 0, 0, 0);
    double most = -1;
    for (int k = 0; k < actual.length; k++) {
      Worst element = new Worst(k, expected[k], actual[k], allowed(expected[k]));
      double share = element.error() / element.bound();
      if (Double.isNaN(share) || share > most) {
        worst = element;
        most = Double.isNaN(share) ? Double.POSITIVE_INFINITY : share;
      }
    }
    return worst;
  }

  /**
   * Distance in units in the last place of the expected value, as single precision has them.
   *
   * @return infinity where either is NaN or infinite
   */
  public static double ulps(double expected, float actual) {
    double distance = Math.abs(actual - expected) / Math.ulp((float) expected);
    return Double.isFinite(expected) && Double.isFinite(distance)
        ? distance
        : Double.POSITIVE_INFINITY;
  }

  private static boolean unbounded(Cell cell) {
    return !bounded(cell.candidate()) || !bounded(cell.gate());
  }

  private static boolean bounded(ActivationFunction function) {
    return switch (function.kind()) {
      case SIGMOID, TANH, HARD_SIGMOID, SOFTSIGN -> true;
      default -> false;
    };
  }
}
