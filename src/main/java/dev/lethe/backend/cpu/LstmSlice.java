package dev.lethe.backend.cpu;

import dev.lethe.network.Cell;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Some sequences of one direction of an LSTM layer, run from first step to last by one thread, or
 * by several that share the hidden units and meet after each step. Input projections are made for a
 * stretch of steps at a time.
 *
 * <p>Buffers grow with the first large batch and stay.
 */
final class LstmSlice {
  /**
   * Floats of pre-activations in a stretch of steps where the second-level cache is small: a
   * quarter of it.
   */
  private static final int STRETCH = (int) (SecondLevelCache.BYTES / 4 / Float.BYTES);

  /**
   * Rows of a stretch where it is large, or does not hold the input weights: reading these once
   * more then costs more than pre-activations that leave the cache.
   */
  private static final int LONG_STRETCH = 512;

  /** Blocks that a thread takes on at once if there is one row; fewer if there are more. */
  private static final int BLOCKS = 8;

  /**
   * Steps from which on it pays to widen narrow weights once. A stream of single steps comes to the
   * weights of all other layers before these again.
   */
  private static final int WORTH_WIDENING = 4;

  /**
   * Bytes of weights times rows of a step from which on threads take over blocks from each other:
   * some 50 microseconds. To look at what another has counted takes a part of one.
   */
  private static final long WORTH_DEALING = 1 << 24;

  /** A bit that no larger power of two has. */
  private static final int APART = 4;

  private static final FloatBuffer[] UNTRACED = {};
  private static final Rows NO_ROWS = Rows.together(0, 0);

  private final CpuCell cell;
  private final Kernels kernels;
  private final int index;
  private final int hidden;
  private final int outputSize;
  private final int inputSize;
  private final SliceSequences sequences;

  private int stretch;
  private int zRows;
  private boolean near;

  /** [zRows][inputSize]. */
  private Rows x = NO_ROWS;

  // what a step that a mask skips shows: a row of y, that of the step before, or zeros
  private float[] still = {};

  /** [blocks][zRows][width]. */
  private float[] z = {};

  /** [blocks][sequences][units]. */
  private float[] c = {};

  private float[] keptC = {};

  /**
   * [sequences][outputSize]: what even and odd steps read, and the other writes. The last block's
   * padding is written as well.
   */
  private final Rows[] h = {NO_ROWS, NO_ROWS};

  /** The first row of each, [blocks][units]. */
  private final Rows[] hBlocks = {NO_ROWS, NO_ROWS};

  /** [sequences][hidden]; with the last block's padding. */
  private Rows unprojected = NO_ROWS;

  /** [projection blocks][sequences][width]. */
  private float[] projected = {};

  /**
   * @param index of the direction in its layer
   */
  LstmSlice(Kernels kernels, CpuCell cell, int index, boolean reverse) {
    this.kernels = kernels;
    this.cell = cell;
    this.index = index;
    sequences = new SliceSequences(reverse);
    hidden = cell.cell.hiddenSize();
    outputSize = cell.cell.outputSize();
    inputSize = cell.cell.inputSize();
  }

  /** Makes room for {@code count} sequences of at most {@code steps} steps. */
  void allocate(int count, int steps) {
    int paddedHidden = cell.blocks * cell.units;
    int hWidth = cell.projected() ? outputSize : paddedHidden;
    int columns = cell.blocks * cell.width();
    boolean small = !SecondLevelCache.LARGE && cell.input.bytes() <= SecondLevelCache.BYTES;
    stretch = Math.max(1, Math.min(steps, (small ? STRETCH / columns : LONG_STRETCH) / count));
    // a power of two would have all blocks of a step in the same sets of the cache
    zRows = stretch * count | APART;
    sequences.allocate(count, stretch);
    if (h[0].count() < count) {
      for (int k = 0; k < h.length; k++) {
        h[k] = kernels.rows(count, hWidth, columns);
        hBlocks[k] = h[k].parts(cell.blocks, cell.units);
      }
      unprojected = cell.projected() ? kernels.rows(count, paddedHidden) : NO_ROWS;
    }
    x = x.count() < zRows ? kernels.rows(zRows, inputSize, columns) : x;
    z = grown(z, cell.blocks * zRows * cell.width());
    c = grown(c, cell.blocks * count * cell.units);
    near = steps >= WORTH_WIDENING && cell.near();
    if (cell.projected()) {
      projected = grown(projected, cell.projection.blocks() * count * cell.projection.width());
    }
  }

  /**
   * Runs every {@code stride}-th of the sequences from {@code first} on.
   *
   * @param order sequences, longest first
   * @param member the calling thread's part in the team that runs them
   */
  void run(LstmData data, int[] order, int first, int stride, Team.Member member) {
    if (member.leads()) {
      sequences.take(data, order, first, stride);
      begin(data);
    }
    member.await();
    int longest = sequences.length(0);
    for (int from = 0; from < longest; from += stretch) {
      int steps = Math.min(stretch, longest - from);
      if (member.leads()) {
        sequences.layOut(from, steps);
      }
      member.await();
      gather(data, from, steps, member);
      member.await();
      if (x.packable()) {
        int end = member.to(inputSize);
        x.pack(sequences.firstRow(steps), member.from(inputSize), end);
        member.await();
      }
      project(steps, member);
      member.await();
      for (int step = from; step < from + steps; step++) {
        boolean dealt = dealt(step);
        step(data, step, step - from, dealt, member);
        if (!dealt) {
          show(data, step, member);
        }
        member.await();
        if (dealt) {
          show(data, step, member);
        }
      }
    }
    if (member.leads()) {
      end(data);
    }
  }

  /** Initial states in, zeros past the end. */
  private void begin(LstmData data) {
    keptC = data.masked() ? grown(keptC, c.length) : keptC;
    still = data.masked() ? grown(still, outputSize) : still;
    for (int row = 0; row < sequences.count(); row++) {
      int b = sequences.place(row);
      if (data.initialH.length == 0) {
        Arrays.fill(h[0].of[row], h[0].at[row], h[0].at[row] + outputSize, 0f);
      } else {
        int from = data.hAt(index, b);
        System.arraycopy(data.initialH, from, h[0].of[row], h[0].at[row], outputSize);
      }
      for (int block = 0; block < cell.blocks; block++) {
        int to = cAt(block, row);
        if (data.initialC.length == 0) {
          Arrays.fill(c, to, to + cell.units, 0f);
        } else {
          int from = data.cAt(index, b) + block * cell.units;
          System.arraycopy(data.initialC, from, c, to, cell.unitsOf(block));
        }
      }
      for (int t = sequences.length(row); t < data.steps; t++) {
        data.y.write(data.yAt(t, index, b), cell.zeros, 0, outputSize);
      }
    }
    pack(0, 0, outputSize);
  }

  /** Some columns of the h that a step reads. */
  private void pack(int step, int first, int end) {
    int active = sequences.active(step);
    h[step % 2].pack(active, first, end);
  }

  /** x of these steps. */
  private void gather(LstmData data, int from, int steps, Team.Member member) {
    for (int step = member.from(steps); step < member.to(steps); step++) {
      int active = sequences.active(from + step);
      for (int row = 0; row < active; row++) {
        int at = data.xAt(sequences.time(row, from + step), sequences.place(row));
        int to = sequences.firstRow(step) + row;
        data.x.read(at, x.of[to], x.at[to], inputSize);
      }
    }
  }

  private void project(int steps, Team.Member member) {
    int width = cell.width();
    member.deal(cell.blocks, true, 1);
    while (member.take()) {
      int block = member.first();
      int at = zAt(block, 0);
      kernels.product(
          cell.input,
          block,
          block,
          sequences.firstRow(steps),
          x,
          0,
          cell.bias,
          block * width,
          0,
          z,
          at);
    }
  }

  /** Whether threads take over blocks of a step from each other. */
  private boolean dealt(int step) {
    int active = sequences.active(step);
    return active > 1 && active * cell.recurrent.bytes() >= WORTH_DEALING;
  }

  /**
   * @param place of the step in the stretch
   * @param dealt as {@link #dealt}
   */
  private void step(LstmData data, int step, int place, boolean dealt, Team.Member member) {
    int active = sequences.active(step);
    int row = sequences.firstRow(place);
    if (active == 1) {
      rowStep(data, step, row, member);
    } else {
      member.deal(cell.blocks, upwards(step), dealt ? Math.max(1, BLOCKS / active) : 0);
      while (member.take()) {
        rowsStep(data, step, row, active, member);
      }
    }
    if (cell.normed.isPresent()) {
      updateNormed(data, cell.normed.get(), step, place, active);
      packBlocks(step + 1, 0, cell.blocks);
    }
    if (cell.projected()) {
      member.await();
      narrow(step, active, member);
    }
  }

  /** What blocks have made of the h that a step reads. */
  private void packBlocks(int step, int first, int end) {
    if (!cell.projected()) {
      pack(step, first * cell.units, Math.min(hidden, end * cell.units));
    }
  }

  /** There and back: what of the weights the step before read last is still in the cache. */
  private static boolean upwards(int step) {
    return step % 2 == 0;
  }

  /** Blocks that a thread has taken, for several rows. */
  private void rowsStep(LstmData data, int step, int row, int active, Team.Member member) {
    int first = member.first();
    int end = member.end();
    Rows before = h[step % 2];
    for (int k = first; k < end; k++) {
      int block = upwards(step) ? k : first + end - 1 - k;
      int at = zAt(block, row);
      int next = member.after(block);
      kernels.product(cell.recurrent, block, next, active, before, 0, z, at, cell.width(), z, at);
      update(data, step, block, active, at);
    }
    packBlocks(step + 1, first, end);
  }

  /** A thread's blocks, for a single row. */
  private void rowStep(LstmData data, int step, int row, Team.Member member) {
    int first = member.from(cell.blocks);
    int end = member.to(cell.blocks);
    for (int k = first; k < end; k += BLOCKS) {
      int count = Math.min(BLOCKS, end - k);
      int block = upwards(step) ? k : first + end - count - k;
      rowStep(data, step, block, count, zAt(block, row));
    }
  }

  /** A single row is soon done with a block: several at once give the processor more to overlap. */
  private void rowStep(LstmData data, int step, int block, int count, int at) {
    int stride = zAt(1, 0) - zAt(0, 0);
    Packed recurrent = near ? cell.recurrent.floats() : cell.recurrent;
    kernels.row(recurrent, block, block + count, h[step % 2], z, at, stride);
    if (cell.vectorised && !cell.projected() && !data.masked() && data.gates.length == 0) {
      int cStride = cAt(1, 0) - cAt(0, 0);
      Rows to = hBlocks[(step + 1) % 2];
      cell.rowStep(count, z, at, stride, c, cAt(block, 0), cStride, to, block * cell.units);
      return;
    }
    for (int b = 0; b < count; b++) {
      update(data, step, block + b, 1, at + b * stride);
    }
  }

  private void update(LstmData data, int step, int block, int active, int at) {
    if (cell.normed.isPresent()) {
      return; // needs whole rows
    }
    int c0 = cAt(block, 0);
    cell.gates(block, active, z, at, c, c0);
    if (data.gates.length > 0) {
      traceGates(data, step, block, active, at);
    }
    if (data.masked()) {
      System.arraycopy(c, c0, keptC, c0, active * cell.units);
    }
    if (cell.projected()) {
      cell.update(block, active, z, at, c, c0, unprojected);
    } else {
      cell.update(block, active, z, at, c, c0, h[(step + 1) % 2]);
    }
    if (data.gates.length > 0) {
      traceCells(data, step, block, active);
    }
    for (int row = 0; row < active && data.masked(); row++) {
      if (skips(data, row, step)) {
        skip(step, block, row);
      }
    }
  }

  /** {@link #update} of all blocks. */
  private void updateNormed(LstmData data, NormedCell normed, int step, int place, int active) {
    FloatBuffer[] gates = data.gates.length > 0 ? data.gates[index] : UNTRACED;
    for (int row = 0; row < active; row++) {
      int at = zAt(0, sequences.firstRow(place) + row);
      int traceAt = traceAt(data, step, 0, row);
      normed.step(
          z, at, zAt(1, 0) - zAt(0, 0), c, cAt(0, row), cAt(1, 0) - cAt(0, 0), gates, traceAt);
      for (int block = 0; block < cell.blocks; block++) {
        handOn(step, block, row, zAt(block, sequences.firstRow(place)));
      }
    }
  }

  /** h of one row of a block, from z to where the next step or the projection looks. */
  private void handOn(int step, int block, int row, int at) {
    int first = block * cell.units;
    int from = at + row * cell.width();
    Rows to = cell.projected() ? unprojected : h[(step + 1) % 2];
    System.arraycopy(z, from, to.of[row], to.at[row] + first, cell.unitsOf(block));
  }

  /** The new h to the caller, a share of its columns; a skipped step shows the one before. */
  private void show(LstmData data, int step, Team.Member member) {
    int active = sequences.active(step);
    int blocks = cell.projected() ? cell.projection.blocks() : cell.blocks;
    int columns = cell.projected() ? cell.projection.width() : cell.units;
    int first = member.from(blocks) * columns;
    int end = Math.min(outputSize, member.to(blocks) * columns);
    Rows now = h[(step + 1) % 2];
    for (int row = 0; row < active; row++) {
      int to = yAt(data, row, step) + first;
      if (!skips(data, row, step)) {
        data.y.write(to, now.of[row], now.at[row] + first, end - first);
      } else {
        if (step == 0) {
          Arrays.fill(still, first, end, 0f);
        } else {
          data.y.read(yAt(data, row, step - 1) + first, still, first, end - first);
        }
        data.y.write(to, still, first, end - first);
      }
    }
  }

  private void traceGates(LstmData data, int step, int block, int active, int at) {
    for (int row = 0; row < active; row++) {
      if (!skips(data, row, step)) {
        int from = at + row * cell.width();
        for (int gate = 0; gate < Cell.GATES; gate++) {
          int to = traceAt(data, step, block, row);
          for (int unit = 0; unit < cell.unitsOf(block); unit++) {
            float value = cell.gate(gate, z[from + gate * cell.units + unit]);
            data.gates[index][gate].put(to + unit, value);
          }
        }
      }
    }
  }

  private void traceCells(LstmData data, int step, int block, int active) {
    for (int row = 0; row < active; row++) {
      if (!skips(data, row, step)) {
        int to = traceAt(data, step, block, row);
        // one by one: a bulk put into a direct buffer takes longer for so few
        for (int unit = 0; unit < cell.unitsOf(block); unit++) {
          data.gates[index][Cell.GATES].put(to + unit, c[cAt(block, row) + unit]);
        }
      }
    }
  }

  private int traceAt(LstmData data, int step, int block, int row) {
    return (sequences.time(row, step) * data.sequences + sequences.place(row)) * hidden
        + block * cell.units;
  }

  /** h and c stay. */
  private void skip(int step, int block, int row) {
    int units = cell.unitsOf(block);
    System.arraycopy(keptC, cAt(block, row), c, cAt(block, row), units);
    Rows from = h[step % 2];
    Rows to = h[(step + 1) % 2];
    int first = block * cell.units;
    System.arraycopy(from.of[row], from.at[row] + first, to.of[row], to.at[row] + first, units);
  }

  private void narrow(int step, int active, Team.Member member) {
    Packed weights = cell.projection;
    int width = weights.width();
    int start = member.from(weights.blocks());
    int end = member.to(weights.blocks());
    for (int block = start; block < end; block++) {
      int at = block * sequences.count() * width;
      kernels.product(
          weights, block, block, active, unprojected, 0, cell.zeros, 0, 0, projected, at);
      int first = block * width;
      int columns = Math.min(width, outputSize - first);
      Rows to = h[(step + 1) % 2];
      for (int row = 0; row < active; row++) {
        System.arraycopy(projected, at + row * width, to.of[row], to.at[row] + first, columns);
      }
    }
    int columns = Math.min(outputSize, end * width);
    pack(step + 1, start * width, columns);
  }

  /** Final states out. A sequence that has ended keeps the c and h of its last step. */
  private void end(LstmData data) {
    for (int row = 0; row < sequences.count(); row++) {
      int b = sequences.place(row);
      Rows last = h[sequences.length(row) % 2];
      System.arraycopy(last.of[row], last.at[row], data.finalH, data.hAt(index, b), outputSize);
      for (int block = 0; block < cell.blocks; block++) {
        int to = data.cAt(index, b) + block * cell.units;
        System.arraycopy(c, cAt(block, row), data.finalC, to, cell.unitsOf(block));
      }
    }
  }

  private boolean skips(LstmData data, int row, int step) {
    return data.skips(sequences.time(row, step), sequences.place(row));
  }

  private int yAt(LstmData data, int row, int step) {
    return data.yAt(sequences.time(row, step), index, sequences.place(row));
  }

  private int zAt(int block, int row) {
    return (block * zRows + row) * cell.width();
  }

  private int cAt(int block, int row) {
    return (block * sequences.count() + row) * cell.units;
  }

  private static float[] grown(float[] old, int size) {
    return old.length >= size ? old : new float[size];
  }
}
