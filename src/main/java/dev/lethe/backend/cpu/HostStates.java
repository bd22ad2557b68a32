package dev.lethe.backend.cpu;

import dev.lethe.InputException;
import dev.lethe.backend.StateTable;
import dev.lethe.network.StreamingGraph.State;
import dev.lethe.network.Value;
import java.lang.reflect.Array;
import java.util.Arrays;
import java.util.List;

/** The states of many sequences in Java arrays, of floats or of doubles. */
final class HostStates implements StateTable {
  private final List<State> states;
  private final Memory memory;

  /** By state: [capacity][width], float[] or double[]. */
  private final Object[] rows;

  /** As wide as the widest state. */
  private final Object zeros;

  private final long bytes;

  /** Where a session has its values: float[] or double[] throughout. */
  interface Memory {
    /** A new array of zeros. */
    Object make(int elements);

    /** The array to be written with an initial state, with room for {@code elements}. */
    Object initial(Value value, int elements);

    /** The array that a run left a final state in. */
    Object last(Value value);
  }

  HostStates(List<State> states, int capacity, int elementBytes, Memory memory) {
    this.states = states;
    this.memory = memory;
    this.rows = new Object[states.size()];
    long elements = 0;
    int widest = 0;
    for (int s = 0; s < rows.length; s++) {
      rows[s] = memory.make(elements(states.get(s), capacity));
      elements += Array.getLength(rows[s]);
      widest = Math.max(widest, states.get(s).width());
    }
    this.zeros = memory.make(widest);
    this.bytes = elements * elementBytes;
  }

  private static int elements(State state, int capacity) {
    long elements = (long) capacity * state.width();
    if (elements > Integer.MAX_VALUE - 8) {
      throw new InputException(
          "a stream of "
              + capacity
              + " sequences with "
              + state.width()
              + " numbers each in "
              + state.name()
              + " is too large; open several");
    }
    return (int) elements;
  }

  @Override
  public void gather(int[] ids) {
    for (int s = 0; s < rows.length; s++) {
      int width = states.get(s).width();
      Object values = memory.initial(states.get(s).initial(), ids.length * width);
      for (int k = 0; k < ids.length; k++) {
        System.arraycopy(rows[s], ids[k] * width, values, k * width, width);
      }
    }
  }

  @Override
  public void scatter(int[] ids) {
    for (int s = 0; s < rows.length; s++) {
      int width = states.get(s).width();
      Object values = memory.last(states.get(s).last());
      for (int k = 0; k < ids.length; k++) {
        System.arraycopy(values, k * width, rows[s], ids[k] * width, width);
      }
    }
  }

  @Override
  public void clear(int[] ids) {
    for (int s = 0; s < rows.length; s++) {
      int width = states.get(s).width();
      for (int id : ids) {
        System.arraycopy(zeros, 0, rows[s], id * width, width);
      }
    }
  }

  @Override
  public void copy(int from, int to) {
    for (int s = 0; s < rows.length; s++) {
      int width = states.get(s).width();
      System.arraycopy(rows[s], from * width, rows[s], to * width, width);
    }
  }

  @Override
  public float[][] read(int id) {
    float[][] row = new float[rows.length][];
    for (int s = 0; s < rows.length; s++) {
      row[s] = new float[states.get(s).width()];
      for (int k = 0; k < row[s].length; k++) {
        row[s][k] = (float) Array.getDouble(rows[s], id * row[s].length + k);
      }
    }
    return row;
  }

  @Override
  public void write(int id, float[][] row) {
    for (int s = 0; s < rows.length; s++) {
      for (int k = 0; k < row[s].length; k++) {
        Array.setFloat(rows[s], id * row[s].length + k, row[s][k]);
      }
    }
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    Arrays.fill(rows, zeros);
  }
}
