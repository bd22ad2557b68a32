package dev.lethe.backend.opencl;

import dev.lethe.Tensor;
import dev.lethe.backend.StateTable;
import dev.lethe.network.StreamingGraph.State;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Host side of state.cl: the states of many sequences on the device. */
final class OpenClStates implements StateTable {
  private static final int GROUP = 64;
  private final List<State> states;
  private final int capacity;
  private final Context context;
  private final Values values;
  private final List<Buffer> handles = new ArrayList<>();
  private final List<Kernel> kernels = new ArrayList<>();
  private final Kernel gather;
  private final Kernel scatter;
  private final Kernel clear;
  private final Buffer ids;
  private final ByteBuffer idsHost;

  /** Makes room; leaves nothing behind when that fails. */
  OpenClStates(
      List<State> states, int capacity, Context context, Programs programs, Values values) {
    this.states = states;
    this.capacity = capacity;
    this.context = context;
    this.values = values;
    idsHost = ByteBuffer.allocateDirect(capacity * Integer.BYTES).order(ByteOrder.nativeOrder());
    try {
      for (State state : states) {
        Buffer table = context.allocate("live states " + state.name(), rowBytes(state) * capacity);
        handles.add(table);
        context.clear(table, rowBytes(state) * capacity);
      }
      ids = context.allocate("ids", (long) capacity * Integer.BYTES);
      handles.add(ids);
      gather = kernel(programs, "state_gather");
      scatter = kernel(programs, "state_scatter");
      clear = kernel(programs, "state_clear");
      context.finish();
    } catch (RuntimeException | Error e) {
      close();
      throw e;
    }
  }

  private Kernel kernel(Programs programs, String name) {
    Kernel kernel = programs.kernel("state.cl", name, "");
    kernels.add(kernel);
    return kernel;
  }

  private static long rowBytes(State state) {
    return (long) state.width() * Float.BYTES;
  }

  @Override
  public void gather(int[] which) {
    upload(which);
    for (int s = 0; s < states.size(); s++) {
      launch(gather.set(4, values.of(states.get(s).initial())), s, which.length);
    }
  }

  // the ids are those of gather, which are there still
  @Override
  public void scatter(int[] which) {
    for (int s = 0; s < states.size(); s++) {
      launch(scatter.set(4, values.of(states.get(s).last())), s, which.length);
    }
  }

  @Override
  public void clear(int[] which) {
    upload(which);
    for (int s = 0; s < states.size(); s++) {
      launch(clear, s, which.length);
    }
  }

  @Override
  public void copy(int from, int to) {
    for (int s = 0; s < states.size(); s++) {
      long bytes = rowBytes(states.get(s));
      context.copy(handles.get(s), from * bytes, to * bytes, bytes);
    }
  }

  @Override
  public float[][] read(int id) {
    float[][] row = new float[states.size()][];
    for (int s = 0; s < row.length; s++) {
      Tensor tensor = Tensor.allocate(Tensor.Type.FLOAT32, states.get(s).width());
      context.read(handles.get(s), id * rowBytes(states.get(s)), tensor.bytes());
      row[s] = tensor.toFloatArray();
    }
    return row;
  }

  @Override
  public void write(int id, float[][] row) {
    for (int s = 0; s < row.length; s++) {
      Tensor tensor = Tensor.of(row[s], row[s].length);
      context.write(handles.get(s), id * rowBytes(states.get(s)), tensor.bytes());
    }
  }

  @Override
  public long bytes() {
    return states.stream().mapToLong(state -> rowBytes(state) * capacity).sum();
  }

  private void upload(int[] which) {
    idsHost.clear().asIntBuffer().put(which);
    context.write(ids, idsHost.limit(which.length * Integer.BYTES));
  }

  private void launch(Kernel kernel, int state, int count) {
    int width = states.get(state).width();
    kernel.set(0, width).set(1, count).set(2, ids).set(3, handles.get(state));
    kernel.launch(width, count, GROUP, 1);
  }

  @Override
  public void close() {
    kernels.forEach(Kernel::close);
    kernels.clear();
    handles.forEach(Buffer::close);
    handles.clear();
  }
}
