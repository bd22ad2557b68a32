package dev.lethe.backend.cpu;

import dev.lethe.Precision;
import dev.lethe.backend.BackgroundWork;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Has HotSpot compile the vector kernels in a thread of its own, by calling them on made-up numbers
 * until they are faster than the loops that stand in for them. That thread ends when all are, or
 * after half a minute, when the rest is left to the runs themselves.
 *
 * <p>A call has few enough turns that the whole method is compiled, after some 600 calls, and not a
 * loop of it in the middle of a run: there HotSpot knows less of the vectors that are live.
 */
final class VectorWarmUp {
  /** {@link Kernels#update}. */
  static final int UPDATE = 1 << 30;

  private static final int DEPTH = 40;
  private static final int ROWS = 6;

  /** What a single row has at once, and one more. */
  private static final int BLOCKS = 5;

  private static final int WIDTH = VectorTiles.BLOCK;

  /** So often in a row, one has to be faster. */
  private static final int CERTAIN = 3;

  /** Calls that are timed together. */
  private static final int CALLS = 4;

  /** Rounds of all operations, twice as many as HotSpot was found to need. */
  private static final int MIXED = 1000;

  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final VectorKernels vectors;
  private final PanelKernels panels;

  /** Those that have been. */
  private volatile int compiled;

  /** Whether there is the thread. */
  private volatile boolean running;

  // guarded by this: those that have been asked for; what the thread has still to do
  private int begun;
  private final List<Exercise> waiting = new ArrayList<>();
  private Optional<Throwable> failure = Optional.empty();

  VectorWarmUp(VectorKernels vectors, PanelKernels panels) {
    this.vectors = vectors;
    this.panels = panels;
  }

  /** Products of weights in this precision. Those of several rows in 16 bits are fp32's. */
  static int products(Precision precision, int rows) {
    if (rows == 1) {
      return 1 << 2 * precision.ordinal();
    }
    Precision multiplied = precision == Precision.INT8 ? precision : Precision.FP32;
    return 1 << 2 * multiplied.ordinal() + 1;
  }

  /** Whether vectors are the faster ones, at {@link #UPDATE} or {@link #products}. */
  boolean compiled(int what) {
    return (compiled & what) != 0;
  }

  /** Begins with what an LSTM layer in this precision needs, if that has not been done. */
  synchronized void begin(Precision precision) {
    // dense layers and projections stay in single precision
    for (Precision each : List.of(precision, Precision.FP32)) {
      add(products(each, ROWS), () -> new Products(each, ROWS));
      add(products(each, 1), () -> new Products(each, 1));
    }
    add(UPDATE, Update::new);
    if (!waiting.isEmpty() && !running) {
      running = true;
      Thread thread = new Thread(this::run, "vector-warm-up");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Whether it still has something to do. */
  boolean running() {
    return running;
  }

  /** Returns when there is nothing left to do. */
  synchronized void await() {
    try {
      while (running) {
        wait();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Why it ended early. What is wrong with a kernel shows again where a run uses it. */
  synchronized Optional<Throwable> failure() {
    return failure;
  }

  private interface Making {
    Exercise make();
  }

  private void add(int what, Making making) {
    if ((begun & what) == 0) {
      begun |= what;
      waiting.add(making.make());
    }
  }

  private void run() {
    List<Exercise> left = new ArrayList<>();
    long end = System.nanoTime() + PATIENCE_NANOS;
    try {
      VectorKernels.mixOperations(
          MIXED, new float[2 * VectorTiles.LANES], new int[VectorTiles.LANES]);
      while (System.nanoTime() < end && takeOn(left)) {
        for (Iterator<Exercise> each = left.iterator(); each.hasNext(); ) {
          Exercise exercise = each.next();
          if (exercise.wins()) {
            compiled |= exercise.what();
            each.remove();
          }
        }
      }
      end(Optional.empty());
    } catch (RuntimeException | Error e) {
      end(Optional.of(e));
    }
  }

  /** Adds what has been asked for since; whether there is anything to do. */
  private synchronized boolean takeOn(List<Exercise> left) {
    left.addAll(waiting);
    waiting.clear();
    return !left.isEmpty();
  }

  private synchronized void end(Optional<Throwable> why) {
    failure = why;
    waiting.clear();
    compiled = begun;
    running = false;
    notifyAll();
  }

  /** Numbers to call kernels with. */
  private abstract class Exercise {
    final float[] z = new float[Math.max(BLOCKS, ROWS) * WIDTH];
    private long least = Long.MAX_VALUE;
    private int streak;
    private long taken;

    abstract int what();

    abstract void run(Kernels kernels);

    /** Times both once more; whether the vectors are the faster ones for certain. */
    boolean wins() {
      least = Math.min(least, nanos(panels));
      streak = nanos(vectors) < least ? streak + 1 : 0;
      return streak == CERTAIN;
    }

    private long nanos(Kernels kernels) {
      BackgroundWork.run(
          () -> {
            long start = System.nanoTime();
            for (int call = 0; call < CALLS; call++) {
              Arrays.fill(z, 0.5f);
              run(kernels);
            }
            taken = System.nanoTime() - start;
          });
      return taken;
    }
  }

  private final class Products extends Exercise {
    private final Precision precision;
    private final int rows;
    private final Packed weights;
    private final Rows a;
    private final Rows packable;

    Products(Precision precision, int rows) {
      this.precision = precision;
      this.rows = rows;
      this.a = vectors.rows(ROWS, DEPTH);
      this.packable = vectors.rows(ROWS, DEPTH, Integer.MAX_VALUE);
      Packed.Source source = (k, block, column) -> (k + column) % 3 - 1;
      float[] ones = new float[BLOCKS * WIDTH];
      Arrays.fill(ones, 1f);
      weights =
          switch (precision) {
            case FP32 -> vectors.pack(DEPTH, BLOCKS, WIDTH, source);
            case INT8 -> vectors.packInt8(DEPTH, BLOCKS, WIDTH, source, ones);
            default -> vectors.packNarrow(precision, DEPTH, BLOCKS, WIDTH, source);
          };
    }

    @Override
    int what() {
      return products(precision, rows);
    }

    @Override
    void run(Kernels kernels) {
      if (rows == 1) {
        kernels.row(weights, 0, BLOCKS, a, z, 0, WIDTH);
        return;
      }
      // each height of a tile
      for (int count = ROWS; count > 1; count--) {
        kernels.product(weights, 0, 0, count, a, 0, z, 0, WIDTH, z, 0);
        packable.pack(count, 0, DEPTH);
        kernels.product(weights, 0, 0, count, packable, 0, z, 0, WIDTH, z, 0);
      }
    }
  }

  private final class Update extends Exercise {
    private final int units = vectors.units(1);
    private final float[] c = new float[ROWS * units];
    private final Rows h = vectors.rows(ROWS, units);

    @Override
    int what() {
      return UPDATE;
    }

    @Override
    void run(Kernels kernels) {
      kernels.update(ROWS, z, 0, WIDTH, c, 0, units, h, 0, units, false);
    }
  }
}
