package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The order in which the sequences of a batch run, so that the cost follows the sum of their
 * lengths: longest first, so that those still running at any step are the first few, and one row
 * for each step of each sequence.
 *
 * <p>On the device: order [B] the sequence at place j; lengths [B] by sequence; steps [T] (first
 * row, sequences running); rows [sum of lengths] (sequence, time step) for either direction,
 * ordered by step and then by place.
 */
final class RunOrder implements AutoCloseable {
  /** The name for "all sequences are as long as the time axis". */
  static final String FULL = "";

  private final Context context;
  private final String lengthsInput;
  private final int sequences;
  private final int[] lengths;
  private final int[] wanted;
  private final int[] firstRow;
  private final int[] running;
  private final List<Buffer> buffers = new ArrayList<>();
  private final ByteBuffer orderHost;
  private final ByteBuffer lengthsHost;
  private final ByteBuffer stepsHost;
  private final ByteBuffer forwardHost;
  private final ByteBuffer reverseHost;
  private final Buffer order;
  private final Buffer lengthsDevice;
  private final Buffer steps;
  private final Buffer forward;
  private final Buffer reverse;

  RunOrder(Context context, String lengthsInput, int timeSteps, int sequences) {
    this.context = context;
    this.lengthsInput = lengthsInput;
    this.sequences = sequences;
    this.lengths = new int[sequences];
    this.wanted = new int[sequences];
    this.firstRow = new int[timeSteps + 1];
    this.running = new int[timeSteps];
    long rowBytes = 2L * Integer.BYTES * timeSteps * sequences;
    this.orderHost = host((long) sequences * Integer.BYTES);
    this.lengthsHost = host((long) sequences * Integer.BYTES);
    this.stepsHost = host(2L * timeSteps * Integer.BYTES);
    this.forwardHost = host(rowBytes);
    this.reverseHost = host(rowBytes);
    Arrays.fill(lengths, -1);
    try {
      this.order = allocate("sequence order", orderHost.capacity());
      this.lengthsDevice = allocate("sequence lengths", lengthsHost.capacity());
      this.steps = allocate("running sequences", stepsHost.capacity());
      this.forward = allocate("forward rows", rowBytes);
      this.reverse = allocate("reverse rows", rowBytes);
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private Buffer allocate(String what, long bytes) {
    Buffer buffer = context.allocate(what, bytes);
    buffers.add(buffer);
    return buffer;
  }

  private static ByteBuffer host(long bytes) {
    return ByteBuffer.allocateDirect(Math.toIntExact(bytes)).order(ByteOrder.nativeOrder());
  }

  /** Works out and uploads the order for this run's lengths, unless it is the last run's. */
  void update(Map<String, Tensor> given) {
    if (lengthsInput.equals(FULL)) {
      Arrays.fill(wanted, running.length);
    } else {
      Objects.requireNonNull(given.get(lengthsInput), lengthsInput).copyTo(wanted);
    }
    if (Arrays.equals(lengths, wanted)) {
      return;
    }
    System.arraycopy(wanted, 0, lengths, 0, sequences);
    compute();
    upload();
  }

  private void upload() {
    context.write(order, orderHost.clear());
    context.write(lengthsDevice, lengthsHost.clear());
    context.write(steps, stepsHost.clear());
    int rowBytes = 2 * Integer.BYTES * totalRows();
    if (rowBytes > 0) {
      context.write(forward, forwardHost.clear().limit(rowBytes));
      context.write(reverse, reverseHost.clear().limit(rowBytes));
    }
  }

  private void compute() {
    int[] places = longestFirst();
    orderHost.clear().asIntBuffer().put(places);
    lengthsHost.clear().asIntBuffer().put(lengths);
    IntBuffer stepPairs = stepsHost.clear().asIntBuffer();
    IntBuffer forwardPairs = forwardHost.clear().asIntBuffer();
    IntBuffer reversePairs = reverseHost.clear().asIntBuffer();
    int alive = sequences;
    for (int step = 0; step < running.length; step++) {
      while (alive > 0 && lengths[places[alive - 1]] <= step) {
        alive--;
      }
      running[step] = alive;
      firstRow[step + 1] = firstRow[step] + alive;
      stepPairs.put(firstRow[step]).put(alive);
      for (int place = 0; place < alive; place++) {
        int sequence = places[place];
        forwardPairs.put(sequence).put(step);
        reversePairs.put(sequence).put(lengths[sequence] - 1 - step);
      }
    }
  }

  // a counting sort: stable, and linear in B + T
  private int[] longestFirst() {
    int[] start = new int[running.length + 2];
    for (int length : lengths) {
      start[running.length - length + 1]++;
    }
    for (int k = 1; k < start.length; k++) {
      start[k] += start[k - 1];
    }
    int[] places = new int[sequences];
    for (int sequence = 0; sequence < sequences; sequence++) {
      places[start[running.length - lengths[sequence]]++] = sequence;
    }
    return places;
  }

  /** Whether some sequence ends before the time axis does. */
  boolean ragged() {
    return totalRows() < running.length * sequences;
  }

  /** Steps that any sequence has. */
  int longest() {
    int step = running.length;
    while (step > 0 && running[step - 1] == 0) {
      step--;
    }
    return step;
  }

  /** Sequences that have this step, none past the end of the time axis. */
  int running(int step) {
    return step < running.length ? running[step] : 0;
  }

  /** First row of this step; of the step after the last: the number of rows. */
  int firstRow(int step) {
    return firstRow[step];
  }

  private int totalRows() {
    return firstRow[running.length];
  }

  Buffer order() {
    return order;
  }

  /** Sets steps, order and lengths, from argument {@code first} on. */
  void set(Kernel kernel, int first) {
    kernel.set(first, steps).set(first + 1, order).set(first + 2, lengthsDevice);
  }

  Buffer rows(boolean backwards) {
    return backwards ? reverse : forward;
  }

  @Override
  public void close() {
    buffers.forEach(Buffer::close);
    buffers.clear();
  }
}
