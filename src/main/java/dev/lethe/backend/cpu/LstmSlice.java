package dev.lethe.backend.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Some sequences of one direction of an LSTM layer, run by one thread from first step to last. They
 * stand in tiles of at most {@link Kernels#TILE} rows, longest first, so that at each step the rows
 * still running come first and padding costs nothing. Input projections are made for a stretch of
 * steps at a time.
 *
 * <p>Buffers grow with the first large batch and stay.
 */
final class LstmSlice {
  private static final int TILE = Kernels.TILE;

  /** Floats of gate columns or of x in a stretch of steps: what the second-level cache holds. */
  private static final int STRETCH = 1 << 18;

  private static final FloatBuffer[] UNTRACED = {};

  private final CpuCell cell;
  private final Kernels kernels;
  private final int index;
  private final boolean reverse;
  private final int inputSize;
  private final int hidden;
  private final int outputSize;

  private int count;
  private int tiles;
  private int stretch;
  private int[] rows = {};
  private int[] lengths = {};
  private int[] tileStart = {};
  private float[] x = {};
  private float[] z = {};
  private float[] c = {};
  private float[] h = {};
  private float[] nextH = {};
  private float[] unprojected = {};
  private float[] projected = {};
  private float[] keptC = {};

  /**
   * @param index of the direction in its layer
   */
  LstmSlice(Kernels kernels, CpuCell cell, int index, boolean reverse) {
    this.kernels = kernels;
    this.cell = cell;
    this.index = index;
    this.reverse = reverse;
    inputSize = cell.cell.inputSize();
    hidden = cell.cell.hiddenSize();
    outputSize = cell.cell.outputSize();
  }

  /** Makes room for {@code sequences} of at most {@code steps} steps. */
  void allocate(int sequences, int steps) {
    count = sequences;
    if (rows.length < sequences) {
      rows = new int[sequences];
      lengths = new int[sequences];
      tileStart = new int[sequences + 1];
    }
    cut();
    int step = tiles * cell.blocks * TILE * cell.width();
    int larger = Math.max(step, tiles * inputSize * TILE);
    stretch = Math.max(1, Math.min(steps, STRETCH / larger));
    x = grown(x, stretch * tiles * inputSize * TILE);
    z = grown(z, stretch * step);
    c = grown(c, tiles * cell.blocks * TILE * cell.units);
    h = grown(h, tiles * outputSize * TILE);
    nextH = grown(nextH, tiles * outputSize * TILE);
    if (cell.projected()) {
      unprojected = grown(unprojected, tiles * hidden * TILE);
      projected = grown(projected, TILE * cell.projection.width());
    }
  }

  private void cut() {
    tiles = 0;
    int start = 0;
    while (start < count) {
      tileStart[tiles++] = start;
      start += Math.min(TILE, count - start);
    }
    tileStart[tiles] = count;
  }

  /**
   * Runs every {@code stride}-th of the sequences from {@code first} on.
   *
   * @param order sequences, longest first
   */
  void run(LstmData data, int[] order, int first, int stride) {
    for (int row = 0; row < count; row++) {
      rows[row] = order[first + row * stride];
      lengths[row] = data.lengths[rows[row]];
      begin(data, row);
    }
    int longest = lengths[0];
    for (int from = 0; from < longest; from += stretch) {
      int steps = Math.min(stretch, longest - from);
      project(data, from, steps);
      for (int step = from; step < from + steps; step++) {
        step(data, step, step - from);
      }
    }
  }

  /**
   * Initial states in, or straight to the final states where there is no step at all; zeros past
   * the end.
   */
  private void begin(LstmData data, int row) {
    int b = rows[row];
    int tile = tileOf(row);
    int hAt = tile * outputSize * TILE + row - tileStart[tile];
    for (int k = 0; k < outputSize; k++) {
      h[hAt + k * TILE] = data.initialH.length == 0 ? 0 : data.initialH[data.hAt(index, b) + k];
    }
    for (int k = 0; k < hidden; k++) {
      c[cAt(tile, row, k)] = data.initialC.length == 0 ? 0 : data.initialC[data.cAt(index, b) + k];
    }
    if (lengths[row] == 0) {
      for (int k = 0; k < outputSize; k++) {
        data.finalH[data.hAt(index, b) + k] = h[hAt + k * TILE];
      }
      endC(data, row);
    }
    for (int t = lengths[row]; t < data.steps; t++) {
      int at = data.yAt(t, index, b);
      Arrays.fill(data.y, at, at + outputSize, 0f);
    }
  }

  private void project(LstmData data, int from, int steps) {
    for (int step = 0; step < steps; step++) {
      for (int tile = 0; tile < tiles; tile++) {
        gather(data, from + step, tile, xAt(step, tile));
      }
    }
    int width = cell.width();
    for (int block = 0; block < cell.blocks; block++) {
      for (int step = 0; step < steps; step++) {
        for (int tile = 0; tile < tiles; tile++) {
          int active = active(tile, from + step);
          int at = zAt(step, tile, block);
          for (int row = 0; row < active; row++) {
            System.arraycopy(cell.bias, block * width, z, at + row * width, width);
          }
          if (active > 0) {
            kernels.product(cell.input, block, active, x, xAt(step, tile), z, at);
          }
        }
      }
    }
  }

  private void gather(LstmData data, int step, int tile, int at) {
    int active = active(tile, step);
    for (int row = 0; row < active; row++) {
      int from = data.xAt(time(tileStart[tile] + row, step), rows[tileStart[tile] + row]);
      for (int k = 0; k < inputSize; k++) {
        x[at + k * TILE + row] = data.x[from + k];
      }
    }
  }

  /**
   * @param place of the step in the stretch
   */
  private void step(LstmData data, int step, int place) {
    for (int block = 0; block < cell.blocks; block++) {
      for (int tile = 0; tile < tiles; tile++) {
        int active = active(tile, step);
        if (active > 0) {
          int at = zAt(place, tile, block);
          kernels.product(cell.recurrent, block, active, h, tile * outputSize * TILE, z, at);
          if (cell.normed.isEmpty()) {
            update(data, step, tile, block, active, at);
          }
        }
      }
    }
    for (int tile = 0; tile < tiles; tile++) {
      int active = active(tile, step);
      if (cell.normed.isPresent()) {
        updateNormed(data, cell.normed.get(), step, place, tile, active);
      }
      if (active > 0 && cell.projected()) {
        narrow(data, step, tile, active);
      }
      for (int row = tileStart[tile]; row < tileStart[tile] + active; row++) {
        if (lengths[row] == step + 1) {
          end(data, row, step);
        }
      }
    }
    float[] swap = h;
    h = nextH;
    nextH = swap;
  }

  private void update(LstmData data, int step, int tile, int block, int active, int at) {
    int first = block * cell.units;
    int units = cell.unitsOf(block);
    if (data.gates.length > 0) {
      trace(data, step, tile, block, active, at);
    }
    int c0 = cAt(tile, tileStart[tile], first);
    if (data.masked()) {
      keptC = grown(keptC, TILE * cell.units);
      System.arraycopy(c, c0, keptC, 0, active * cell.units);
    }
    cell.update(block, active, z, at, c, c0);
    for (int row = 0; row < active; row++) {
      if (data.masked()
          && data.skips(time(tileStart[tile] + row, step), rows[tileStart[tile] + row])) {
        skip(data, step, tile, first, row);
        System.arraycopy(keptC, row * cell.units, c, c0 + row * cell.units, units);
      } else {
        handOn(data, step, tile, block, row, at);
      }
    }
  }

  /** Normalization needs the whole row before anything of it can be updated. */
  private void updateNormed(
      LstmData data, NormedCell normed, int step, int place, int tile, int active) {
    FloatBuffer[] gates = data.gates.length > 0 ? data.gates[index] : UNTRACED;
    for (int row = 0; row < active; row++) {
      int b = rows[tileStart[tile] + row];
      normed.step(
          z,
          zAt(place, tile, 0) + row * cell.width(),
          TILE * cell.width(),
          c,
          cAt(tile, tileStart[tile] + row, 0),
          TILE * cell.units,
          gates,
          (time(tileStart[tile] + row, step) * data.sequences + b) * hidden);
      for (int block = 0; block < cell.blocks; block++) {
        handOn(data, step, tile, block, row, zAt(place, tile, block));
      }
    }
  }

  /** h of one row of a block, from z to where the next step, the projection and the caller look. */
  private void handOn(LstmData data, int step, int tile, int block, int row, int at) {
    float[] target = cell.projected() ? unprojected : nextH;
    int first = block * cell.units;
    int units = cell.unitsOf(block);
    int zAt = at + row * cell.width();
    int to = (tile * hidden + first) * TILE + row;
    for (int k = 0; k < units; k++) {
      target[to + k * TILE] = z[zAt + k];
    }
    if (!cell.projected()) {
      System.arraycopy(z, zAt, data.y, yAt(data, tileStart[tile] + row, step) + first, units);
    }
  }

  private void trace(LstmData data, int step, int tile, int block, int active, int at) {
    int first = block * cell.units;
    for (int row = tileStart[tile]; row < tileStart[tile] + active; row++) {
      if (!data.skips(time(row, step), rows[row])) {
        int zAt = at + (row - tileStart[tile]) * cell.width();
        int to = (time(row, step) * data.sequences + rows[row]) * hidden + first;
        cell.trace(block, z, zAt, c, cAt(tile, row, first), data.gates[index], to);
      }
    }
  }

  /** h stays, and y is that of the step before; c is the caller's. */
  private void skip(LstmData data, int step, int tile, int first, int row) {
    int units = Math.min(cell.units, hidden - first);
    int at = (tile * hidden + first) * TILE + row;
    for (int k = 0; k < units; k++) {
      nextH[at + k * TILE] = h[at + k * TILE];
    }
    int to = yAt(data, tileStart[tile] + row, step) + first;
    if (step == 0) {
      Arrays.fill(data.y, to, to + units, 0f);
    } else {
      int from = yAt(data, tileStart[tile] + row, step - 1) + first;
      System.arraycopy(data.y, from, data.y, to, units);
    }
  }

  private void narrow(LstmData data, int step, int tile, int active) {
    int width = cell.projection.width();
    for (int block = 0; block < cell.projection.blocks(); block++) {
      int first = block * width;
      int columns = Math.min(width, outputSize - first);
      Arrays.fill(projected, 0f);
      kernels.product(
          cell.projection, block, active, unprojected, tile * hidden * TILE, projected, 0);
      for (int row = 0; row < active; row++) {
        int to = (tile * outputSize + first) * TILE + row;
        for (int k = 0; k < columns; k++) {
          nextH[to + k * TILE] = projected[row * width + k];
        }
        int at = yAt(data, tileStart[tile] + row, step) + first;
        System.arraycopy(projected, row * width, data.y, at, columns);
      }
    }
  }

  private void end(LstmData data, int row, int step) {
    int to = data.hAt(index, rows[row]);
    if (data.masked()) {
      int tile = tileOf(row);
      for (int k = 0; k < outputSize; k++) {
        data.finalH[to + k] = nextH[(tile * outputSize + k) * TILE + row - tileStart[tile]];
      }
    } else {
      System.arraycopy(data.y, yAt(data, row, step), data.finalH, to, outputSize);
    }
    endC(data, row);
  }

  private void endC(LstmData data, int row) {
    int tile = tileOf(row);
    for (int first = 0; first < hidden; first += cell.units) {
      int units = Math.min(cell.units, hidden - first);
      int to = data.cAt(index, rows[row]) + first;
      System.arraycopy(c, cAt(tile, row, first), data.finalC, to, units);
    }
  }

  /** How many rows of a tile have this step; they come first. */
  private int active(int tile, int step) {
    int end = tileStart[tile + 1];
    while (end > tileStart[tile] && lengths[end - 1] <= step) {
      end--;
    }
    return end - tileStart[tile];
  }

  private int time(int row, int step) {
    return reverse ? lengths[row] - 1 - step : step;
  }

  private int yAt(LstmData data, int row, int step) {
    return data.yAt(time(row, step), index, rows[row]);
  }

  private int tileOf(int row) {
    return row / TILE;
  }

  private int xAt(int place, int tile) {
    return (place * tiles + tile) * inputSize * TILE;
  }

  private int zAt(int place, int tile, int block) {
    return ((place * tiles + tile) * cell.blocks + block) * TILE * cell.width();
  }

  private int cAt(int tile, int row, int unit) {
    int block = tile * cell.blocks + unit / cell.units;
    return (block * TILE + row - tileStart[tile]) * cell.units + unit % cell.units;
  }

  private static float[] grown(float[] old, int size) {
    return old.length >= size ? old : new float[size];
  }
}
