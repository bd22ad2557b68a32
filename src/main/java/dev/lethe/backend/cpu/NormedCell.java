package dev.lethe.backend.cpu;

import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import java.nio.FloatBuffer;

/**
 * One step of a cell with layer normalization, see {@link CellNorm}. Every sum runs over the hidden
 * units in their order. Stateless.
 */
final class NormedCell {
  private final Cell cell;
  private final CellNorm norm;
  private final int units;

  /**
   * @param units of a block, as in {@link CpuCell}
   */
  NormedCell(Cell cell, CellNorm norm, int units) {
    this.cell = cell;
    this.norm = norm;
    this.units = units;
  }

  /**
   * One step of one sequence: h (before any projection) stands in place of i afterwards.
   *
   * @param z pre-activations without bias, [4][units] a block; the first from {@code zAt}, the next
   *     {@code zBlock} further
   * @param c [units] a block; the first from {@code cAt}, the next {@code cBlock} further
   * @param trace i, f, g, o and c, each from {@code traceAt}; or none
   */
  void step(
      float[] z,
      int zAt,
      int zBlock,
      float[] c,
      int cAt,
      int cBlock,
      FloatBuffer[] trace,
      int traceAt) {
    int hidden = cell.hiddenSize();
    for (int gate = 0; gate < Cell.GATES; gate++) {
      int at = zAt + gate * units;
      float mean = mean(z, at, zBlock);
      float deviation = deviation(z, at, zBlock, mean);
      for (int j = 0; j < hidden; j++) {
        int place = place(at, zBlock, j);
        int row = gate * hidden + j;
        z[place] =
            Math.fma(
                (z[place] - mean) / deviation, norm.gateScale().at(0, row), cell.bias().at(0, row));
      }
    }
    for (int j = 0; j < hidden; j++) {
      int place = place(zAt, zBlock, j);
      int cPlace = place(cAt, cBlock, j);
      float i = FloatMath.apply(cell.gate(), z[place]);
      float f = cell.coupled() ? 1 - i : FloatMath.apply(cell.gate(), z[place + units]);
      float g = FloatMath.apply(cell.candidate(), z[place + 2 * units]);
      leave(trace, traceAt + j, i, f, g);
      c[cPlace] = Math.fma(f, c[cPlace], i * g);
    }
    float mean = mean(c, cAt, cBlock);
    float deviation = deviation(c, cAt, cBlock, mean);
    for (int j = 0; j < hidden; j++) {
      int place = place(zAt, zBlock, j);
      int cPlace = place(cAt, cBlock, j);
      float now =
          Math.fma(
              (c[cPlace] - mean) / deviation, norm.cellScale().at(0, j), norm.cellShift().at(0, j));
      float o = FloatMath.apply(cell.gate(), z[place + 3 * units]);
      c[cPlace] = now;
      z[place] = o * FloatMath.apply(cell.output(), now);
      if (trace.length > 0) {
        trace[3].put(traceAt + j, o);
        trace[4].put(traceAt + j, now);
      }
    }
  }

  private static void leave(FloatBuffer[] trace, int at, float i, float f, float g) {
    if (trace.length > 0) {
      trace[0].put(at, i);
      trace[1].put(at, f);
      trace[2].put(at, g);
    }
  }

  private float mean(float[] values, int at, int block) {
    float sum = 0;
    for (int j = 0; j < cell.hiddenSize(); j++) {
      sum += values[place(at, block, j)];
    }
    return sum / cell.hiddenSize();
  }

  private float deviation(float[] values, int at, int block, float mean) {
    float squares = 0;
    for (int j = 0; j < cell.hiddenSize(); j++) {
      float centred = values[place(at, block, j)] - mean;
      squares = Math.fma(centred, centred, squares);
    }
    return (float) Math.sqrt(squares / cell.hiddenSize() + norm.epsilon());
  }

  private int place(int at, int block, int unit) {
    return at + unit / units * block + unit % units;
  }
}
