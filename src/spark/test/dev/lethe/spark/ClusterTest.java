package dev.lethe.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The stage on a standalone cluster of real processes, from Parquet to Parquet: one worker, two,
 * and two of which one's executor is killed while the job runs.
 */
final class ClusterTest {
  private static final int ROWS = 2_000;
  private static final int FILES = 12;

  /** What a table holds; the order of its rows does not count. */
  private record Content(long rows, long ids, Object checksum) {}

  @Test
  @Timeout(900)
  void losesNothingWithAnExecutorKilled(@TempDir Path folder) throws Exception {
    String input = folder.resolve("input").toString();
    Content expected;
    try (SparkSession spark = session("local[2]").getOrCreate()) {
      Sequences.table(
              spark,
              Sequences.NESTED,
              Sequences.random(ROWS, Sequences.FEATURES, k -> 1 + k * 31 % 97))
          .repartition(FILES)
          .write()
          .parquet(input);
      expected = content(stage().transform(spark.read().parquet(input)));
    }
    assertEquals(ROWS, expected.rows());
    try (Cluster cluster = new Cluster(folder.resolve("cluster"))) {
      cluster.startWorker();
      try (SparkSession spark =
          session(cluster.master())
              .config("spark.executor.memory", "512m")
              .config("spark.executor.cores", "1")
              .config("spark.executor.extraClassPath", cluster.classes())
              .getOrCreate()) {
        Jobs jobs = new Jobs(spark);
        await(() -> jobs.executors() == 1, "the first executor");
        // Starts the executor's Java up, and its session.
        jobs.run(input, folder.resolve("first"));
        assertEquals(expected, jobs.run(input, folder.resolve("one")));
        report("one worker", jobs);
        cluster.startWorker();
        await(() -> jobs.executors() == 2, "the second executor");
        assertEquals(expected, jobs.run(input, folder.resolve("two")));
        report("two workers", jobs);
        jobs.onTask(2, cluster::killExecutor);
        assertEquals(expected, jobs.run(input, folder.resolve("killed")));
        report("two workers, an executor killed", jobs);
        assertTrue(cluster.killed(), "an executor was killed");
        await(() -> jobs.removed.get() >= 1, "the loss of the executor to be known");
      }
    }
    System.out.println("rows " + expected.rows() + ", checksum " + expected.checksum());
  }

  private static SparkSession.Builder session(String master) {
    return SparkSession.builder()
        .master(master)
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        // A task for each file.
        .config("spark.sql.files.minPartitionNum", FILES);
  }

  private static LstmTransformer stage() {
    return new LstmTransformer()
        .setInputCol("x")
        .setOutputCol("y")
        .setModelPath(Sequences.LSTM.toUri().toString())
        .setDevice("cpu")
        .setThreads(1)
        .setBatchSize(64);
  }

  private static Content content(Dataset<Row> table) {
    Row row =
        table
            .selectExpr(
                "count(*)",
                "count(distinct id)",
                "cast(sum(cast(xxhash64(id, tag, x, y) as decimal(38, 0))) as string)")
            .head();
    return new Content(row.getLong(0), row.getLong(1), row.get(2));
  }

  private static void report(String what, Jobs jobs) {
    System.out.printf(
        Locale.ROOT, "%s: %.0f rows per second%n", what, ROWS / (jobs.nanoseconds * 1e-9));
  }

  private static void await(BooleanSupplier condition, String what) throws InterruptedException {
    for (int k = 0; k < 600 && !condition.getAsBoolean(); k++) {
      Thread.sleep(100);
    }
    assertTrue(condition.getAsBoolean(), what);
  }

  /** Runs jobs, and does something while one runs. */
  private static final class Jobs extends SparkListener {
    private final SparkSession spark;
    private final AtomicInteger removed = new AtomicInteger();
    private final AtomicInteger tasks = new AtomicInteger(-1);
    private volatile Runnable action = () -> {};
    private long nanoseconds;

    Jobs(SparkSession spark) {
      this.spark = spark;
      spark.sparkContext().addSparkListener(this);
    }

    int executors() {
      // the driver counts as one
      return spark.sparkContext().statusTracker().getExecutorInfos().length - 1;
    }

    /** After so many tasks of the next job have ended. */
    void onTask(int count, Runnable what) {
      action = what;
      tasks.set(count);
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      if (tasks.get() > 0 && tasks.decrementAndGet() == 0) {
        action.run();
      }
    }

    @Override
    public void onExecutorRemoved(SparkListenerExecutorRemoved event) {
      removed.incrementAndGet();
    }

    Content run(String input, Path output) {
      long start = System.nanoTime();
      stage().transform(spark.read().parquet(input)).write().parquet(output.toString());
      nanoseconds = System.nanoTime() - start;
      return content(spark.read().parquet(output.toString()));
    }
  }
}
