package dev.lethe.backend;

/**
 * The states of many sequences in a session's device memory: for each state of each layer a row by
 * the id of the sequence, zeros at first. Ids have been checked. Owns its memory; to be closed
 * before its session.
 *
 * <p>Threads: one call at a time, none beside a run of the session.
 */
public interface StateTable extends AutoCloseable {
  /** Row {@code ids[k]} becomes row k of the layers' initial states, for the run that follows. */
  void gather(int[] ids);

  /** Row k of the layers' final states, from the run before, becomes row {@code ids[k]}. */
  void scatter(int[] ids);

  /** Rows become zeros. */
  void clear(int[] ids);

  /** One row becomes what another is. */
  void copy(int from, int to);

  /**
   * Copies a row out.
   *
   * @return by state, in the order of the table
   */
  float[][] read(int id);

  /**
   * Copies a row in.
   *
   * @param row by state, in the order of the table, each as wide as the state
   */
  void write(int id, float[][] row);

  /** Bytes of all rows. */
  long bytes();

  @Override
  void close();
}
