package dev.lethe.spark;

import dev.lethe.InputException;
import java.io.IOException;
import org.apache.spark.sql.SparkSession;

/** A job for spark-submit: a Parquet table with the network's output as one column more. */
public final class ScoreParquet {
  private ScoreParquet() {}

  /**
   * Runs the job.
   *
   * @param arguments the model's path, the table's, that of the new table, the column of sequences
   *     and the column to add
   * @throws InputException when there are not five, or one does not fit
   * @throws IOException when Spark cannot be shut down
   */
  public static void main(String[] arguments) throws IOException {
    if (arguments.length != 5) {
      throw new InputException(
          "five arguments are needed, not "
              + arguments.length
              + ": MODEL INPUT OUTPUT INPUT_COLUMN OUTPUT_COLUMN");
    }
    LstmTransformer stage =
        new LstmTransformer()
            .setModelPath(arguments[0])
            .setInputCol(arguments[3])
            .setOutputCol(arguments[4]);
    try (SparkSession spark = SparkSession.builder().appName("lethe").getOrCreate()) {
      stage.transform(spark.read().parquet(arguments[1])).write().parquet(arguments[2]);
    }
  }
}
