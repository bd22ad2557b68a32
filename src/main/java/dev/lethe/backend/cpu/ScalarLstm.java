package dev.lethe.backend.cpu;

import dev.lethe.backend.GateTrace;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import java.util.List;
import java.util.Optional;

/**
 * One LSTM layer by the definition in {@link Cell}: one sequence after the other, one step after
 * the other, everything in double precision.
 */
final class ScalarLstm {
  private static final Sink NOWHERE = (j, i, f, g, o, c) -> {};

  private final Lstm layer;
  private final int steps;
  private final int sequences;
  private final double[] y;
  private final double[] finalH;
  private final double[] finalC;
  private List<GateTrace> traces = List.of();

  /** The layer for a batch of {@code sequences} with room for {@code steps} each. */
  ScalarLstm(Lstm layer, int steps, int sequences) {
    this.layer = layer;
    this.steps = steps;
    this.sequences = sequences;
    int rows = layer.directions().size() * sequences;
    y = new double[steps * rows * layer.outputSize()];
    finalH = new double[rows * layer.outputSize()];
    finalC = new double[rows * layer.hiddenSize()];
  }

  /** As {@link Lstm#y()}. */
  double[] y() {
    return y;
  }

  /** As {@link Lstm#finalH()}. */
  double[] finalH() {
    return finalH;
  }

  /** As {@link Lstm#finalC()}. */
  double[] finalC() {
    return finalC;
  }

  /**
   * Has the run leave its gates.
   *
   * @param to one for each direction
   */
  void trace(List<GateTrace> to) {
    traces = to;
  }

  /**
   * Runs the layer.
   *
   * @param x as {@link Lstm#x()}
   * @param lengths [B]
   * @param mask as {@link Lstm#mask()}
   * @param initialH as {@link Lstm#initialH()}, zeros where that is empty
   * @param initialC likewise
   */
  void run(
      double[] x, double[] lengths, Optional<double[]> mask, double[] initialH, double[] initialC) {
    Lstm.Strides hStrides = layer.stateStrides(sequences, layer.outputSize());
    Lstm.Strides cStrides = layer.stateStrides(sequences, layer.hiddenSize());
    for (int d = 0; d < layer.directions().size(); d++) {
      for (int b = 0; b < sequences; b++) {
        int hAt = d * hStrides.direction() + b * hStrides.batch();
        int cAt = d * cStrides.direction() + b * cStrides.batch();
        System.arraycopy(initialH, hAt, finalH, hAt, layer.outputSize());
        System.arraycopy(initialC, cAt, finalC, cAt, layer.hiddenSize());
        sequence(d, b, (int) lengths[b], x, mask, hAt, cAt);
      }
    }
  }

  private void sequence(
      int d, int b, int length, double[] x, Optional<double[]> mask, int hAt, int cAt) {
    Lstm.Direction direction = layer.directions().get(d);
    Lstm.Strides xStrides = layer.xStrides(steps, sequences);
    Lstm.Strides yStrides = layer.yStrides(steps, sequences);
    Lstm.Strides maskStrides = layer.maskStrides(steps, sequences);
    for (int step = 0; step < length; step++) {
      int t = direction.reverse() ? length - 1 - step : step;
      int yAt = t * yStrides.time() + d * yStrides.direction() + b * yStrides.batch();
      int maskAt = t * maskStrides.time() + b * maskStrides.batch();
      if (mask.isPresent() && mask.get()[maskAt] == 0) {
        int before = direction.reverse() ? yAt + yStrides.time() : yAt - yStrides.time();
        if (step > 0) {
          System.arraycopy(y, before, y, yAt, layer.outputSize());
        }
        continue;
      }
      int place = (t * sequences + b) * layer.hiddenSize();
      Sink sink = traces.isEmpty() ? NOWHERE : sink(traces.get(d), place);
      step(direction.cell(), x, t * xStrides.time() + b * xStrides.batch(), hAt, cAt, sink);
      System.arraycopy(finalH, hAt, y, yAt, layer.outputSize());
    }
  }

  /** h[t-1] and c[t-1] stand in finalH and finalC and are replaced by h[t] and c[t]. */
  private void step(Cell cell, double[] x, int xAt, int hAt, int cAt, Sink sink) {
    int hidden = cell.hiddenSize();
    double[][] z = new double[Cell.GATES][hidden];
    for (int gate = 0; gate < Cell.GATES; gate++) {
      for (int j = 0; j < hidden; j++) {
        int row = gate * hidden + j;
        z[gate][j] = dot(cell.input(), row, x, xAt) + dot(cell.recurrent(), row, finalH, hAt);
      }
      if (cell.norm().isPresent()) {
        normalize(z[gate], cell.norm().get().gateScale(), gate * hidden, cell.norm().get());
      }
      for (int j = 0; j < hidden; j++) {
        z[gate][j] += cell.bias().at(0, gate * hidden + j);
      }
    }
    double[] i = new double[hidden];
    double[] f = new double[hidden];
    double[] g = new double[hidden];
    double[] c = new double[hidden];
    for (int j = 0; j < hidden; j++) {
      double old = finalC[cAt + j];
      i[j] = gate(cell, cell.gate(), z[0][j] + peephole(cell, 0, j) * old);
      f[j] =
          cell.coupled() ? 1 - i[j] : gate(cell, cell.gate(), z[1][j] + peephole(cell, 1, j) * old);
      g[j] = gate(cell, cell.candidate(), z[2][j]);
      c[j] = f[j] * old + i[j] * g[j];
    }
    if (cell.norm().isPresent()) {
      CellNorm norm = cell.norm().get();
      normalize(c, norm.cellScale(), 0, norm);
      for (int j = 0; j < hidden; j++) {
        c[j] += norm.cellShift().at(0, j);
      }
    }
    double[] activated = new double[hidden];
    for (int j = 0; j < hidden; j++) {
      double o = gate(cell, cell.gate(), z[3][j] + peephole(cell, 2, j) * c[j]);
      activated[j] = o * ScalarFunctions.apply(cell.output(), c[j]);
      sink.accept(j, i[j], f[j], g[j], o, c[j]);
    }
    System.arraycopy(c, 0, finalC, cAt, hidden);
    for (int p = 0; p < cell.outputSize(); p++) {
      finalH[hAt + p] =
          cell.projection().isEmpty() ? activated[p] : dot(cell.projection(), p, activated, 0);
    }
  }

  /** Mean 0 and variance 1, then times {@code scale} from {@code at} on. */
  private static void normalize(double[] values, Matrix scale, int at, CellNorm norm) {
    ScalarStages.normalize(values, 0, values.length, norm.epsilon());
    for (int j = 0; j < values.length; j++) {
      values[j] *= scale.at(0, at + j);
    }
  }

  private static double gate(Cell cell, ActivationFunction function, double z) {
    return ScalarFunctions.apply(function, Math.max(-cell.clip(), Math.min(cell.clip(), z)));
  }

  /** The weight of gate i, f or o (0, 1, 2) for cell j. */
  private static double peephole(Cell cell, int which, int j) {
    return cell.peepholes().isEmpty() ? 0 : cell.peepholes().at(0, which * cell.hiddenSize() + j);
  }

  /** Takes the gates and the new c of hidden unit j. */
  @FunctionalInterface
  private interface Sink {
    void accept(int j, double i, double f, double g, double o, double c);
  }

  private static Sink sink(GateTrace trace, int place) {
    return (j, i, f, g, o, c) -> {
      double[] values = {i, f, g, o, c};
      for (int k = 0; k < values.length; k++) {
        trace.planes().get(k).floats().put(place + j, (float) values[k]);
      }
    };
  }

  private static double dot(Matrix weights, int row, double[] x, int at) {
    double sum = 0;
    for (int k = 0; k < weights.columns(); k++) {
      sum += (double) weights.at(row, k) * x[at + k];
    }
    return sum;
  }
}
