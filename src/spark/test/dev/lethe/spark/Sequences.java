package dev.lethe.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Tables of seeded sequences, and the networks that score them. */
final class Sequences {
  /** Input [batch, time, 4], lengths, outputs Y [batch, time, 48] and Y_h [1, batch, 48]. */
  static final Path LSTM =
      Path.of("src/test/resources/dev/lethe/examples/co2/lstm.safetensors").toAbsolutePath();

  /** A Keras network, whose sequences have no lengths beside their arrays. */
  static final Path NO_LENGTHS =
      Path.of("src/test/resources/dev/lethe/importer/keras/keras2_lstm/model.h5").toAbsolutePath();

  static final int FEATURES = 4;
  static final DataType NESTED =
      DataTypes.createArrayType(DataTypes.createArrayType(DataTypes.FloatType));
  static final DataType FLAT = DataTypes.createArrayType(DataTypes.FloatType);

  private Sequences() {}

  static List<float[][]> random(int count, int features, IntUnaryOperator length) {
    Random random = new Random(20261121);
    List<float[][]> all = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      float[][] sequence = new float[length.applyAsInt(k)][features];
      for (float[] step : sequence) {
        for (int f = 0; f < features; f++) {
          step[f] = (float) random.nextGaussian();
        }
      }
      all.add(sequence);
    }
    return all;
  }

  static float[] flat(float[][] sequence) {
    float[] all = new float[sequence.length == 0 ? 0 : sequence.length * sequence[0].length];
    for (int k = 0; k < all.length; k++) {
      all[k] = sequence[k / sequence[0].length][k % sequence[0].length];
    }
    return all;
  }

  /** Columns id (long), x (of the type) and tag (string). */
  static Dataset<Row> table(SparkSession spark, DataType type, List<?> sequences) {
    StructType schema =
        new StructType()
            .add("id", DataTypes.LongType)
            .add("x", type)
            .add("tag", DataTypes.StringType);
    List<Row> rows = new ArrayList<>();
    for (int k = 0; k < sequences.size(); k++) {
      rows.add(RowFactory.create((long) k, sequences.get(k), "row " + k));
    }
    return spark.createDataFrame(rows, schema);
  }
}
