package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import dev.lethe.backend.GateTrace;
import dev.lethe.network.Lstm;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Device memory for the gates of one traced run, i, f, g, o and c one after another for each
 * direction of each layer, [5][T][B][H]. Owns it.
 */
final class GateBuffers implements AutoCloseable {
  private final Context context;
  private final List<GateTrace> traces;
  private final List<Buffer> buffers = new ArrayList<>();

  /** Makes room; leaves nothing behind when that fails. */
  GateBuffers(Context context, List<GateTrace> traces) {
    this.context = context;
    this.traces = traces;
    try {
      for (GateTrace trace : traces) {
        buffers.add(context.allocate("gates of " + trace.name(), bytes(trace)));
      }
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private static long bytes(GateTrace trace) {
    return (long) GateTrace.PLANES * trace.planes().get(0).size() * Float.BYTES;
  }

  /** Where one direction of a layer leaves its gates. */
  Buffer of(Lstm stage, int direction) {
    for (int k = 0; k < traces.size(); k++) {
      if (traces.get(k).lstm().equals(stage) && traces.get(k).direction() == direction) {
        return buffers.get(k);
      }
    }
    throw new IllegalStateException("no room for the gates of " + stage.name());
  }

  /** Fills everything with zeros, which stay past the sequences' ends. */
  void clear() {
    for (int k = 0; k < traces.size(); k++) {
      context.clear(buffers.get(k), bytes(traces.get(k)));
    }
  }

  /** Copies everything to the host. */
  void read(Values values) {
    for (int k = 0; k < traces.size(); k++) {
      GateTrace trace = traces.get(k);
      long offset = 0;
      for (Tensor plane : trace.planes()) {
        ByteBuffer target = plane.bytes();
        context.read(buffers.get(k), offset, target);
        offset += target.capacity();
      }
      Lstm lstm = trace.lstm();
      int size = trace.steps() * trace.sequences() * lstm.directions().size() * lstm.outputSize();
      Tensor y = Tensor.allocate(Tensor.Type.FLOAT32, size);
      context.read(values.of(lstm.y()), y.bytes());
      trace.hidden(y.floats());
    }
  }

  @Override
  public void close() {
    buffers.forEach(Buffer::close);
    buffers.clear();
  }
}
