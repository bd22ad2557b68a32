package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.GateTrace;
import dev.lethe.network.Cell;
import dev.lethe.network.Lstm;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * One LSTM layer on the fast path: deals its sequences out to slices, each run by one thread; or,
 * where the sequences are too few for that to pay, has several threads share the hidden units.
 */
final class CpuLstm {
  /**
   * Sequences of a slice, or half as many more. Larger ones would only need larger buffers, and
   * leave fewer to take over where another program holds up a thread.
   */
  private static final int USUAL = 64;

  /** Most sequences of a slice that several threads share. */
  private static final int MOST_SHARED = 128;

  /**
   * Sequences for each of these threads from which on it is no slower to have slices, which need
   * not meet: a slice's weights, even out of the third-level cache, then last for as many rows.
   */
  private static final int MOST_EACH = 32;

  /** Least recurrent weights of each thread for which a step takes longer than meeting after it. */
  private static final int WORTH_SHARING = 1 << 14;

  /** How much less a thread has to do, at least, for meetings after each step to pay. */
  private static final double GAIN = 1.3;

  /** What each of several rows adds to a product; the times of products are in fifths of it. */
  private static final int EACH = 5;

  /** What products of no, one, two, three and four rows take: those wait for the weights. */
  private static final int[] FEW = {0, 12, 15, 18, 22};

  /**
   * Least multiplications of a layer for which other threads are woken up: that takes 10 to 20
   * microseconds, some 75 on a virtual machine, and more where other programs want the processors.
   */
  private static final long WORTH_WAKING = 1 << 19;

  /** Weights that no cache holds: all threads together then read the recurrent ones once a step. */
  private static final int BEYOND_CACHE = 1 << 21;

  private final Lstm layer;
  private final Kernels kernels;
  private final List<CpuCell> cells = new ArrayList<>();
  private final List<List<LstmSlice>> slices = new ArrayList<>();
  private Optional<LstmData> planned = Optional.empty();
  private int[] order = {};
  private int[] starts = {};

  CpuLstm(Lstm layer, Kernels kernels, Precision precision) {
    this.layer = layer;
    this.kernels = kernels;
    for (Lstm.Direction direction : layer.directions()) {
      cells.add(new CpuCell(direction.cell(), kernels, precision));
      slices.add(new ArrayList<>());
    }
  }

  /**
   * Makes room for a batch.
   *
   * @return what runs it
   */
  Runnable plan(Map<String, Integer> sizes, Buffers buffers, Workers workers) {
    int steps = layer.time().resolve(sizes);
    int sequences = layer.batch().resolve(sizes);
    order = order.length < sequences ? new int[sequences] : order;
    starts = starts.length < steps + 2 ? new int[steps + 2] : starts;
    int[] full = layer.lengths().isEmpty() ? Buffers.filled(sequences, steps) : new int[0];
    LstmData data = new LstmData(layer, steps, sequences, buffers, full);
    planned = Optional.of(data);
    int team = Math.min(workers.threads() / cells.size(), weights() / WORTH_SHARING);
    return shares(sequences, team) ? planTeams(data, team, workers) : planSlices(data, workers);
  }

  /** Recurrent weights of a direction. */
  private int weights() {
    return Cell.GATES * layer.hiddenSize() * layer.outputSize();
  }

  /** Whether a team of threads is ahead of slices with fewer sequences each. */
  private boolean shares(int sequences, int team) {
    CpuCell cell = cells.get(0);
    int most = Math.min(MOST_SHARED, team * MOST_EACH);
    if (team < 2 || cell.normed.isPresent() || sequences > most) {
      return false;
    }
    int alone = product((sequences + team - 1) / team) * cell.blocks;
    int shared = product(sequences) * ((cell.blocks + team - 1) / team);
    long bytes = cell.recurrent.bytes();
    boolean keepsShare =
        bytes > SecondLevelCache.BYTES
            && (SecondLevelCache.LARGE || bytes / team <= SecondLevelCache.BYTES);
    return keepsShare || weights() >= BEYOND_CACHE || alone >= GAIN * shared;
  }

  /** What a product of so many rows takes. */
  private static int product(int sequences) {
    return sequences < FEW.length ? FEW[sequences] : EACH * sequences;
  }

  private Runnable planTeams(LstmData data, int size, Workers workers) {
    int directions = cells.size();
    List<Team> teams = new ArrayList<>();
    for (int d = 0; d < directions; d++) {
      slice(d, 0).allocate(data.sequences, data.steps);
      teams.add(new Team(size));
    }
    IntConsumer part =
        task -> {
          int d = task % directions;
          try {
            Team.Member member = teams.get(d).members.get(task / directions);
            slices.get(d).get(0).run(data, order, 0, 1, member);
          } catch (RuntimeException | Error e) {
            teams.get(d).breakUp();
            throw e;
          }
        };
    return () -> {
      sort(data);
      for (int d = 0; d < directions; d++) {
        teams.get(d).reset();
      }
      workers.runTogether(directions * size, part);
    };
  }

  private Runnable planSlices(LstmData data, Workers workers) {
    int directions = cells.size();
    int sequences = data.sequences;
    double weights =
        (double) Cell.GATES * layer.hiddenSize() * (layer.inputSize() + layer.outputSize());
    boolean alone = weights * sequences * data.steps * directions < WORTH_WAKING;
    int count = slices(sequences, directions, alone ? 1 : workers.threads());
    for (int d = 0; d < directions; d++) {
      for (int k = 0; k < count; k++) {
        slice(d, k).allocate((sequences - k + count - 1) / count, data.steps);
      }
    }
    List<Team.Member> members =
        IntStream.range(0, directions * count).mapToObj(k -> new Team(1).members.get(0)).toList();
    IntConsumer part =
        task -> {
          int k = task / directions;
          LstmSlice slice = slices.get(task % directions).get(k);
          if (data.lengths[order[0]] == data.lengths[order[sequences - 1]]) {
            // one after another, as memory is fetched
            int first = k * (sequences / count) + Math.min(k, sequences % count);
            slice.run(data, order, first, 1, members.get(task));
          } else {
            // dealt out: each gets long ones and short ones
            slice.run(data, order, k, count, members.get(task));
          }
        };
    return () -> {
      sort(data);
      // a compiler that has to share its processor takes longer than the loops meanwhile gain
      if (alone || kernels.warming()) {
        for (int task = 0; task < directions * count; task++) {
          part.accept(task);
        }
      } else {
        workers.run(directions * count, part);
      }
    };
  }

  /** Slices of each direction: all threads get as many, of about {@link #USUAL} sequences. */
  static int slices(int sequences, int directions, int threads) {
    int least = threads % directions == 0 ? threads / directions : threads;
    int rounds = Math.max(1, Math.round((float) sequences / least / USUAL));
    return Math.min(sequences, rounds * least);
  }

  /**
   * Has the runs that follow leave what they compute.
   *
   * @param traces one for each direction; empty to end it
   */
  void trace(List<GateTrace> traces) {
    planned.orElseThrow().gates =
        traces.stream()
            .map(t -> t.planes().stream().map(Tensor::floats).toArray(FloatBuffer[]::new))
            .toArray(FloatBuffer[][]::new);
  }

  private LstmSlice slice(int d, int k) {
    List<LstmSlice> all = slices.get(d);
    while (all.size() <= k) {
      all.add(new LstmSlice(kernels, cells.get(d), d, layer.directions().get(d).reverse()));
    }
    return all.get(k);
  }

  /** Counting sort into {@code order}, longest first, equals in their own order. */
  private void sort(LstmData data) {
    Arrays.fill(starts, 0);
    for (int b = 0; b < data.sequences; b++) {
      starts[data.steps - data.lengths[b] + 1]++;
    }
    for (int k = 1; k < starts.length; k++) {
      starts[k] += starts[k - 1];
    }
    for (int b = 0; b < data.sequences; b++) {
      order[starts[data.steps - data.lengths[b]]++] = b;
    }
  }
}
