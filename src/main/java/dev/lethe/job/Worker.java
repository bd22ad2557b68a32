package dev.lethe.job;

import dev.lethe.DeviceException;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.Pieces;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A session, and what has been learnt of how many sequences it has room for. */
final class Worker {
  private final Session session;
  private final Axes axes;
  private int most = Integer.MAX_VALUE;
  private double nanosPerSequence;
  private long busyUntil;

  Worker(Session session, Axes axes) {
    this.session = session;
    this.axes = axes;
  }

  /** Where it runs. */
  String device() {
    return session.device().id();
  }

  /** Takes note that it begins a chunk now. Under the pipeline's lock, as the next two. */
  void begins(int count) {
    busyUntil = System.nanoTime() + (long) (count * nanosPerSequence);
  }

  /** Takes note that it ends a chunk that took so long. */
  void ends(int count, long nanos) {
    nanosPerSequence = (double) nanos / count;
    busyUntil = System.nanoTime();
  }

  /**
   * Whether this one would be done with {@code all} sequences that are left before {@code slow} is
   * with {@code count} of them. The fastest is never outrun, so that there is always one to go on.
   */
  boolean outruns(Worker slow, int count, long all) {
    long wait = Math.max(0, busyUntil - System.nanoTime());
    return nanosPerSequence > 0
        && nanosPerSequence < slow.nanosPerSequence
        && wait + all * nanosPerSequence < count * slow.nanosPerSequence;
  }

  /**
   * Fills the slot's outputs. What there is no room for runs in halves, and so do later chunks.
   *
   * @throws DeviceException when the device fails, or has no room for one sequence
   */
  void run(Slot slot) {
    int first = 0;
    while (first < slot.count()) {
      int count = Math.min(most, slot.count() - first);
      try {
        run(slot, first, count);
        first += count;
      } catch (DeviceException e) {
        if (!e.isOutOfMemory() || count == 1) {
          throw e;
        }
        most = count / 2;
      } catch (OutOfMemoryError e) {
        if (count == 1) {
          throw e;
        }
        most = count / 2;
      }
    }
  }

  private void run(Slot slot, int first, int count) {
    if (count == slot.count()) {
      session.run(slot.inputs, slot.outputs);
      return;
    }
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    slot.inputs.forEach(
        (name, whole) ->
            inputs.put(
                name,
                axis(session.network().inputs(), name)
                    .map(axis -> Pieces.cut(whole, axis, first, count))
                    .orElse(whole)));
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    slot.outputs.forEach(
        (name, whole) -> outputs.put(name, Pieces.cut(whole, batch(name), first, count)));
    session.run(inputs, outputs);
    outputs.forEach(
        (name, piece) -> {
          // where the axis is the first, the piece is the slot's own memory
          if (batch(name) != 0) {
            Pieces.copy(piece, 0, slot.output(name), first, batch(name), count);
          }
        });
  }

  private int batch(String output) {
    return axis(session.network().outputs(), output).orElseThrow();
  }

  private Optional<Integer> axis(List<Port> ports, String name) {
    Stream<Port> named = ports.stream().filter(port -> port.name().equals(name));
    return named.findFirst().flatMap(port -> axes.batchOf(port.shape()));
  }
}
