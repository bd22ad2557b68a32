package dev.lethe.spark;

import dev.lethe.Lethe;
import dev.lethe.Options;
import java.util.Iterator;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.TaskCompletionListener;

/**
 * What runs on the executors: scores the rows of a partition with this process's session.
 *
 * @param model by broadcast
 * @param device as in {@link Options#device}
 * @param threads as in {@link Options#threads}
 * @param outputName of the network's output; empty for the first
 * @param schema of the rows that come in
 * @param inputCol the column of sequences
 * @param batchSize rows in a run
 */
record PartitionScorer(
    Broadcast<ModelFiles> model,
    String device,
    int threads,
    String outputName,
    StructType schema,
    String inputCol,
    int batchSize)
    implements MapPartitionsFunction<Row, Row> {

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    TaskContext task = TaskContext.get();
    Options options =
        new Options(
            TaskDevice.of(device, task == null ? Map.of() : task.resourcesJMap(), Lethe::devices),
            threads);
    SharedSessions.Lease lease = SharedSessions.acquire(model.value(), options);
    if (task != null) {
      task.addTaskCompletionListener((TaskCompletionListener) context -> lease.release());
    }
    SequencePorts ports = SequencePorts.of(lease.session().network(), outputName);
    int index = schema.fieldIndex(inputCol);
    SequenceColumn column =
        new SequenceColumn(inputCol, index, schema.fields()[index].dataType(), ports);
    return new ScoredRows(rows, lease, ports, column, batchSize);
  }
}
