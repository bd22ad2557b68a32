package dev.lethe.spark;

import dev.lethe.DeviceException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Queue;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * The rows of a partition with one column more, in their order. Reads ahead: one batch, or several
 * where sequences of equal length have to be found because the network takes no lengths.
 */
final class ScoredRows implements Iterator<Row> {
  /** Batches to read ahead for sequences of equal length. */
  private static final int WINDOW = 16;

  private final Iterator<Row> rows;
  private final SharedSessions.Lease lease;
  private final SequenceColumn column;
  private final SequenceBatch batch;
  private final int batchSize;
  private final boolean mixed;
  private final Queue<Row> ready = new ArrayDeque<>();

  ScoredRows(
      Iterator<Row> rows,
      SharedSessions.Lease lease,
      SequencePorts ports,
      SequenceColumn column,
      int batchSize) {
    this.rows = rows;
    this.lease = lease;
    this.column = column;
    this.batch = new SequenceBatch(lease.session(), ports);
    this.batchSize = batchSize;
    this.mixed = ports.lengths().isPresent();
  }

  @Override
  public boolean hasNext() {
    if (ready.isEmpty() && rows.hasNext()) {
      score();
    }
    return !ready.isEmpty();
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    return ready.remove();
  }

  private void score() {
    int most = mixed ? batchSize : Math.multiplyExact(batchSize, WINDOW);
    List<Row> read = new ArrayList<>();
    List<float[]> sequences = new ArrayList<>();
    // By length, where lengths may not mix.
    Map<Integer, List<Integer>> groups = new LinkedHashMap<>();
    while (read.size() < most && rows.hasNext()) {
      Row row = rows.next();
      float[] sequence = column.read(row);
      groups
          .computeIfAbsent(mixed ? 0 : sequence.length, length -> new ArrayList<>())
          .add(read.size());
      read.add(row);
      sequences.add(sequence);
    }
    Object[] results = new Object[read.size()];
    for (List<Integer> group : groups.values()) {
      for (int from = 0; from < group.size(); from += batchSize) {
        List<Integer> part = group.subList(from, Math.min(group.size(), from + batchSize));
        Object[] scored = run(part.stream().map(sequences::get).toList());
        for (int k = 0; k < scored.length; k++) {
          results[part.get(k)] = scored[k];
        }
      }
    }
    for (int k = 0; k < results.length; k++) {
      ready.add(append(read.get(k), results[k]));
    }
  }

  private Object[] run(List<float[]> sequences) {
    try {
      return batch.run(sequences);
    } catch (DeviceException e) {
      lease.abandon();
      throw e;
    }
  }

  private static Row append(Row row, Object result) {
    Object[] values = new Object[row.size() + 1];
    for (int k = 0; k < row.size(); k++) {
      values[k] = row.get(k);
    }
    values[row.size()] = result;
    return RowFactory.create(values);
  }
}
