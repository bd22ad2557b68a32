package dev.lethe.job;

import dev.lethe.InputException;
import dev.lethe.Session;
import dev.lethe.io.ArraySource;
import dev.lethe.network.Graph;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;

/**
 * A run of any size: inputs that are read while it goes on, files that appear when all is done, and
 * a journal from which it goes on after its process ended.
 *
 * <p>Threads: to be used by one, which {@link #run} keeps until all is done; inside, a thread
 * reads, one writes, and one for each session computes. The sessions may be shared with others,
 * whose runs then come in between. A job that another process or object is at is refused by {@link
 * #begin}. When the thread is interrupted, {@link #run} throws, and what is done stays in the
 * journal.
 */
public final class Job implements AutoCloseable {
  private final Axes axes;
  private final Parts parts;
  private final Work work;
  private final long operations;
  private Optional<Journal> journal = Optional.empty();

  private Job(Axes axes, Parts parts, Work work, long operations) {
    this.axes = axes;
    this.parts = parts;
    this.work = work;
    this.operations = operations;
  }

  /**
   * A job on arrays that have an axis for the sequences.
   *
   * @param inputs by name; they stay the caller's
   * @throws InputException when an array does not fit, or the network's cannot be cut
   */
  public static Job padded(
      Graph graph, Map<String, ArraySource> inputs, List<Target> targets, Limits limits) {
    Axes axes = Axes.of(graph);
    Parts parts = new Parts(graph, targets, port -> axes.batchOf(port.shape()).orElseThrow());
    Padded work = new Padded(graph, axes, inputs, parts, limits);
    return new Job(axes, parts, work, work.operations());
  }

  /**
   * A job on sequences of any lengths, one after another.
   *
   * @param inputs by name, those with steps [sum of lengths, ...]; they stay the caller's
   * @param offsets where each sequence begins, and where the last one ends
   * @throws InputException when an array does not fit, or the network's cannot be cut
   */
  public static Job flat(
      Graph graph,
      Map<String, ArraySource> inputs,
      int[] offsets,
      List<Target> targets,
      Limits limits) {
    Axes axes = Axes.of(graph);
    Parts parts = new Parts(graph, targets, port -> axes.rowAxis(port.shape()));
    Flat work = new Flat(graph, axes, inputs, offsets.clone(), parts, limits);
    return new Job(axes, parts, work, work.operations());
  }

  /** Number of sequences. */
  public int sequences() {
    return work.sequences();
  }

  /** Floating-point operations of the whole. */
  public long operations() {
    return operations;
  }

  /**
   * Begins, or goes on where an earlier process ended.
   *
   * @param identity a line for each fact that must be the same for the job to be gone on with
   * @param resume whether to go on; with nothing to go on from, the job begins
   * @return how many sequences are done already
   * @throws InputException when the job has changed, another process does it, or a file cannot be
   *     written
   */
  public int begin(List<String> identity, boolean resume) {
    Journal opened = Journal.open(parts.journal(), identity, work.sequences(), resume);
    journal = Optional.of(opened);
    if (!opened.isMoving()) {
      parts.open(opened.isContinued());
    }
    return opened.count();
  }

  /**
   * Does what is left to do, and moves the files to their places.
   *
   * @param sessions to compute it; they stay the caller's
   * @throws InputException when an input does not fit or a file cannot be read or written
   * @throws dev.lethe.DeviceException when the last device fails
   * @throws CancellationException when the calling thread is interrupted, which it is still then;
   *     what is done can be gone on with
   */
  public void run(List<Session> sessions, Listener listener) {
    try {
      runToTheEnd(sessions, listener);
    } catch (InputException e) {
      // which closes the file under a thread that is interrupted
      throw e.getCause() instanceof ClosedByInterruptException ? interrupted() : e;
    }
  }

  /** What an interrupted thread is told. */
  static CancellationException interrupted() {
    return new CancellationException(
        "the job's thread was interrupted; what is done is kept, and the job can be gone on with");
  }

  private void runToTheEnd(List<Session> sessions, Listener listener) {
    Journal opened = journal.orElseThrow();
    if (!opened.isMoving()) {
      List<Worker> workers = sessions.stream().map(each -> new Worker(each, axes)).toList();
      new Pipeline(work, workers, parts, opened, listener).run();
      parts.pack();
      parts.force();
      opened.moving();
    }
    parts.move();
    parts.delete();
    opened.delete();
  }

  /** Whether something is done that a later process can go on from. */
  public boolean isWorthKeeping() {
    return journal.map(opened -> opened.isMoving() || opened.count() > 0).orElse(false);
  }

  /** Forgets what is not worth keeping. */
  @Override
  public void close() {
    boolean keep = isWorthKeeping();
    parts.close();
    journal.ifPresent(
        opened -> {
          if (!keep) {
            parts.delete();
            opened.delete();
          }
          opened.close();
        });
    journal = Optional.empty();
  }
}
