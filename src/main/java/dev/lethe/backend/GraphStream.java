package dev.lethe.backend;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import dev.lethe.network.StreamingGraph;
import dev.lethe.network.StreamingGraph.State;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A session of a {@link StreamingGraph} with a table of states. Owns both. */
final class GraphStream implements Stream {
  private final Network network;
  private final GraphSession session;
  private final List<State> states;
  private final StateTable table;
  // by id: the number of the last call that it was in
  private final long[] lastCall;
  private long calls;
  private boolean closed;

  /**
   * @param network the one that the caller has
   * @param session of {@code streaming}'s graph; closed when this fails
   */
  GraphStream(Network network, StreamingGraph streaming, GraphSession session, int capacity) {
    this.network = network;
    this.session = session;
    this.states = streaming.states();
    try {
      this.lastCall = new long[capacity];
      this.table = session.openStates(streaming, capacity);
    } catch (RuntimeException | Error e) {
      session.close();
      throw e;
    }
  }

  @Override
  public Network network() {
    return network;
  }

  @Override
  public Device device() {
    return session.device();
  }

  @Override
  public String choice() {
    return session.choice();
  }

  @Override
  public int capacity() {
    return lastCall.length;
  }

  @Override
  public synchronized long stateBytes() {
    requireOpen();
    return table.bytes();
  }

  @Override
  public synchronized void step(
      int[] ids, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    requireOpen();
    checkAll(ids);
    session.step(table, ids, inputs, outputs);
  }

  @Override
  public synchronized Map<String, Tensor> step(int[] ids, Map<String, Tensor> inputs) {
    requireOpen();
    checkAll(ids);
    return session.step(table, ids, inputs);
  }

  @Override
  public synchronized void reset(int... ids) {
    requireOpen();
    checkAll(ids);
    if (ids.length > 0) {
      table.clear(ids);
    }
  }

  @Override
  public synchronized void fork(int from, int to) {
    requireOpen();
    check(from);
    check(to);
    if (from != to) {
      table.copy(from, to);
    }
  }

  @Override
  public synchronized Map<String, Tensor> exportState(int id) {
    requireOpen();
    check(id);
    float[][] row = table.read(id);
    Map<String, Tensor> state = new LinkedHashMap<>();
    for (int k = 0; k < row.length; k++) {
      state.put(states.get(k).name(), Tensor.of(row[k], row[k].length));
    }
    return state;
  }

  @Override
  public synchronized void importState(int id, Map<String, Tensor> state) {
    requireOpen();
    check(id);
    List<String> names = states.stream().map(State::name).toList();
    for (String name : state.keySet()) {
      if (!names.contains(name)) {
        throw new InputException("no state '" + name + "'; there are " + names);
      }
    }
    float[][] row = new float[states.size()][];
    for (int k = 0; k < row.length; k++) {
      row[k] = values(states.get(k), state);
    }
    table.write(id, row);
  }

  private static float[] values(State wanted, Map<String, Tensor> state) {
    Tensor tensor = state.get(wanted.name());
    int[] shape = {wanted.width()};
    if (tensor == null
        || tensor.type() != Tensor.Type.FLOAT32
        || !Arrays.equals(tensor.shape(), shape)) {
      throw new InputException(
          "state '"
              + wanted.name()
              + "' must be FLOAT32"
              + Arrays.toString(shape)
              + ", is "
              + (tensor == null ? "missing" : tensor));
    }
    return tensor.toFloatArray();
  }

  private void checkAll(int[] ids) {
    calls++;
    for (int id : ids) {
      check(id);
      if (lastCall[id] == calls) {
        throw new InputException("sequence " + id + " stands twice; each may be there once a call");
      }
      lastCall[id] = calls;
    }
  }

  private void check(int id) {
    if (id < 0 || id >= lastCall.length) {
      throw new InputException(
          "no sequence " + id + "; the stream has sequences 0 to " + (lastCall.length - 1));
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      table.close();
      session.close();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the stream is closed");
    }
  }
}
