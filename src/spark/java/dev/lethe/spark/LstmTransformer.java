package dev.lethe.spark;

import dev.lethe.InputException;
import dev.lethe.Network;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/**
 * Runs a trained LSTM network over a column of sequences, one in each row.
 *
 * <p>The input column is array&lt;array&lt;float&gt;&gt;, an array of steps with the network's
 * features in each, or array&lt;float&gt;, the features of all steps side by side. Sequences may
 * differ in length; a row's result does not depend on the rows beside it. The output column is
 * array&lt;array&lt;float&gt;&gt; for a network's output per step, one entry for each step of the
 * row, and array&lt;float&gt; otherwise.
 *
 * <p>The driver reads the model once and sends it to the executors. Each executor process opens one
 * session for a model on a device, shared by its tasks. A task that Spark gives GPU addresses runs
 * on the first of them when {@code device} is {@code auto} or {@code opencl}: address <i>n</i> is
 * the <i>n</i>-th usable OpenCL GPU, counted from 0, and an address {@code opencl:P.D} is the
 * device of that id.
 *
 * <p>Not safe for several threads, as all stages of pipelines.
 */
public final class LstmTransformer extends Transformer implements DefaultParamsWritable {
  private static final long serialVersionUID = 1L;

  private final String uid;
  private final Param<String> inputCol;
  private final Param<String> outputCol;
  private final Param<String> modelPath;
  private final Param<String> outputName;
  private final Param<String> device;
  private final IntParam threads;
  private final IntParam batchSize;
  private final IntParam features;

  /** The model that was read last. */
  private transient @Nullable Loaded loaded;

  /** A stage with a name of its own. */
  public LstmTransformer() {
    this(Identifiable.randomUID("lstm"));
  }

  /**
   * A stage of a given name, as Spark makes it when it reads a pipeline.
   *
   * @param uid the stage's name
   */
  @SuppressWarnings("this-escape")
  public LstmTransformer(String uid) {
    this.uid = uid;
    inputCol = text("inputCol", "column of sequences: array<array<float>> or array<float>");
    outputCol = text("outputCol", "name of the column that is added");
    modelPath = text("modelPath", "path of the model, on any file system that Spark reads");
    outputName = text("outputName", "name of the network's output; empty for the first");
    device = text("device", "auto, cpu, cpu:scalar, opencl or opencl:P.D");
    threads = number("threads", "threads of the CPU device; 0 for one per processor", 0);
    batchSize = number("batchSize", "most rows in a run", 1);
    features = number("features", "numbers per step of array<float>; 0 for the network's own", 0);
    setDefault(outputName, "");
    setDefault(device, "auto");
    setDefault(threads, 0);
    setDefault(batchSize, 256);
    setDefault(features, 0);
  }

  private Param<String> text(String name, String doc) {
    return new Param<>(this, name, doc);
  }

  private IntParam number(String name, String doc, int least) {
    return new IntParam(this, name, doc, ParamValidators.gtEq(least));
  }

  @Override
  public String uid() {
    return uid;
  }

  /** {@return the column of sequences} */
  public Param<String> inputCol() {
    return inputCol;
  }

  /** {@return the name of the column that is added} */
  public Param<String> outputCol() {
    return outputCol;
  }

  /** {@return where the model is} */
  public Param<String> modelPath() {
    return modelPath;
  }

  /** {@return the name of the network's output} */
  public Param<String> outputName() {
    return outputName;
  }

  /** {@return which device runs} */
  public Param<String> device() {
    return device;
  }

  /** {@return how many threads the CPU device uses} */
  public IntParam threads() {
    return threads;
  }

  /** {@return the most rows in a run} */
  public IntParam batchSize() {
    return batchSize;
  }

  /** {@return the numbers per step of an array&lt;float&gt;} */
  public IntParam features() {
    return features;
  }

  /**
   * Sets which column is read.
   *
   * @param value a column of array&lt;array&lt;float&gt;&gt; or array&lt;float&gt;
   * @return this
   */
  public LstmTransformer setInputCol(String value) {
    set(inputCol, value);
    return this;
  }

  /**
   * Sets which column is added.
   *
   * @param value a name that no column has
   * @return this
   */
  public LstmTransformer setOutputCol(String value) {
    set(outputCol, value);
    return this;
  }

  /**
   * Sets where the driver finds the model. Files beside it that have its name up to the first dot
   * go with it: a description, a configuration, external weights.
   *
   * @param value a path as Spark takes it: {@code file:///...}, {@code hdfs://...}; all formats of
   *     {@link Network#load}
   * @return this
   */
  public LstmTransformer setModelPath(String value) {
    set(modelPath, value);
    return this;
  }

  /**
   * Sets which of the network's outputs fills the column.
   *
   * @param value a name; empty for the first output
   * @return this
   */
  public LstmTransformer setOutputName(String value) {
    set(outputName, value);
    return this;
  }

  /**
   * Sets where executors run the network.
   *
   * @param value as in {@link dev.lethe.Options#device}
   * @return this
   */
  public LstmTransformer setDevice(String value) {
    set(device, value);
    return this;
  }

  /**
   * Sets how many threads an executor's session uses on the CPU.
   *
   * @param value 1 to 1024, or 0 for one per processor
   * @return this
   */
  public LstmTransformer setThreads(int value) {
    set(threads, value);
    return this;
  }

  /**
   * Sets how many rows run together.
   *
   * @param value at least 1
   * @return this
   */
  public LstmTransformer setBatchSize(int value) {
    set(batchSize, value);
    return this;
  }

  /**
   * Says how many numbers a step has, to be checked against the network.
   *
   * @param value the number; 0 for whatever the network takes
   * @return this
   */
  public LstmTransformer setFeatures(int value) {
    set(features, value);
    return this;
  }

  /**
   * The table with the network's output as one column more.
   *
   * @param dataset with the input column
   * @return the rows of {@code dataset}; a null or a sequence of the wrong shape fails the job with
   *     an {@link InputException} that names the column
   * @throws InputException when a param, a column or the model does not fit
   * @throws dev.lethe.ModelFormatException when Lethe does not read the model
   */
  @Override
  public Dataset<Row> transform(Dataset<?> dataset) {
    StructType out = transformSchema(dataset.schema());
    SparkSession spark = dataset.sparkSession();
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Broadcast<ModelFiles> sent = context.broadcast(loaded().files());
    MapPartitionsFunction<Row, Row> scorer =
        new PartitionScorer(
            sent,
            value(device),
            value(threads),
            value(outputName),
            dataset.schema(),
            value(inputCol),
            value(batchSize));
    return dataset.toDF().mapPartitions(scorer, Encoders.row(out));
  }

  /**
   * The columns that {@link #transform} gives.
   *
   * @param schema of the table
   * @return with the output column at its end
   * @throws InputException when a param, a column or the model does not fit
   * @throws dev.lethe.ModelFormatException when Lethe does not read the model
   */
  @Override
  public StructType transformSchema(StructType schema) {
    List<String> columns = Arrays.asList(schema.fieldNames());
    String input = value(inputCol);
    String output = value(outputCol);
    if (!columns.contains(input)) {
      throw new InputException("there is no column '" + input + "'; the columns are " + columns);
    }
    DataType type = schema.apply(input).dataType();
    if (!SequenceColumn.accepts(type)) {
      throw new InputException(
          "column '"
              + input
              + "' is "
              + type.catalogString()
              + "; a column of sequences is array<array<float>> or array<float>");
    }
    if (columns.contains(output)) {
      throw new InputException("there is a column '" + output + "' already; name another");
    }
    SequencePorts ports = SequencePorts.of(loaded().network(), value(outputName));
    int given = value(features);
    if (given != 0 && given != ports.features()) {
      throw new InputException(
          "column '"
              + input
              + "' is said to have "
              + given
              + " features, but the network takes "
              + ports.features());
    }
    DataType row = DataTypes.createArrayType(DataTypes.FloatType, false);
    StructField added =
        DataTypes.createStructField(
            output, ports.nested() ? DataTypes.createArrayType(row, false) : row, false);
    return schema.add(added);
  }

  @Override
  public LstmTransformer copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /**
   * Reads stages that {@link #write} wrote; Spark calls it to read a pipeline.
   *
   * @return a reader
   */
  public static MLReader<LstmTransformer> read() {
    return new DefaultParamsReader<>();
  }

  /**
   * Reads a stage.
   *
   * @param path where {@link #save} wrote it
   * @return the stage; its model is read when it is used
   */
  public static LstmTransformer load(String path) {
    return read().load(path);
  }

  private String value(Param<String> param) {
    return String.valueOf(defined(param));
  }

  private int value(IntParam param) {
    return (Integer) defined(param);
  }

  private <T> T defined(Param<T> param) {
    if (!isDefined(param)) {
      throw new InputException(uid + ": " + param.name() + " is not set; it is the " + param.doc());
    }
    return getOrDefault(param);
  }

  /** A model, and what its files were when it was read. */
  private record Loaded(List<String> stamp, ModelFiles files, Network network) {}

  private Loaded loaded() {
    String path = value(modelPath);
    Configuration hadoop = SparkSession.active().sparkContext().hadoopConfiguration();
    List<String> stamp = ModelFiles.stamp(path, hadoop);
    Loaded last = loaded;
    if (last == null || !last.stamp().equals(stamp)) {
      ModelFiles files = ModelFiles.read(path, hadoop);
      last = new Loaded(stamp, files, files.load());
      loaded = last;
    }
    return last;
  }
}
