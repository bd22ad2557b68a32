package dev.lethe.spark;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The stage in a Spark of this process, held to the bits of single runs of a session. */
final class LstmTransformerTest {
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.sql.shuffle.partitions", "3")
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static LstmTransformer stage() {
    return new LstmTransformer()
        .setInputCol("x")
        .setOutputCol("y")
        .setModelPath(Sequences.LSTM.toUri().toString())
        .setDevice("cpu")
        .setThreads(1)
        .setBatchSize(7);
  }

  /** Each sequence alone, by the public door. */
  private static List<float[]> alone(Path model, String output, List<float[][]> sequences) {
    List<float[]> answers = new ArrayList<>();
    try (Session session = Network.load(model).open(new Options("cpu", 1))) {
      String input = session.network().inputs().get(0).name();
      for (float[][] s : sequences) {
        Tensor x = Tensor.of(Sequences.flat(s), 1, s.length, s[0].length);
        answers.add(session.run(Map.of(input, x)).get(output).toFloatArray());
      }
    }
    return answers;
  }

  /** The column y by id, flat. */
  private static List<float[]> scored(Dataset<Row> table, boolean nested) {
    List<float[]> answers = new ArrayList<>();
    for (Row row : table.orderBy("id").collectAsList()) {
      assertEquals("row " + answers.size(), row.getAs("tag"));
      List<Float> values = new ArrayList<>();
      for (Object entry : row.getList(row.fieldIndex("y"))) {
        if (nested) {
          ((scala.collection.Seq<?>) entry).foreach(number -> values.add((Float) number));
        } else {
          values.add((Float) entry);
        }
      }
      float[] answer = new float[values.size()];
      for (int k = 0; k < answer.length; k++) {
        answer[k] = values.get(k);
      }
      answers.add(answer);
    }
    return answers;
  }

  private static void assertSameBits(List<float[]> expected, List<float[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int k = 0; k < expected.size(); k++) {
      assertArrayEquals(expected.get(k), actual.get(k), "row " + k);
    }
  }

  @ParameterizedTest
  @CsvSource({"Y, true", "Y, false", "Y_h, true", "Y_h, false"})
  void hasTheBitsOfSingleRuns(String output, boolean nested) {
    List<float[][]> sequences = Sequences.random(50, Sequences.FEATURES, k -> 1 + k * 7 % 23);
    Dataset<Row> table =
        nested
            ? Sequences.table(spark, Sequences.NESTED, sequences)
            : Sequences.table(
                spark, Sequences.FLAT, sequences.stream().map(Sequences::flat).toList());
    Dataset<Row> result =
        stage().setOutputName(output).setFeatures(4).transform(table.repartition(3));
    assertEquals(
        output.equals("Y") ? "array<array<float>>" : "array<float>",
        result.schema().apply("y").dataType().catalogString());
    assertSameBits(alone(Sequences.LSTM, output, sequences), scored(result, output.equals("Y")));
  }

  @Test
  void findsEqualLengthsWhereTheNetworkTakesNone() {
    Network network = Network.load(Sequences.NO_LENGTHS);
    assertTrue(network.inputs().stream().noneMatch(p -> p.type() == Tensor.Type.INT32));
    SequencePorts ports = SequencePorts.of(network, "");
    List<float[][]> sequences = Sequences.random(60, ports.features(), k -> 1 + k * 5 % 6);
    Dataset<Row> result =
        stage()
            .setModelPath(Sequences.NO_LENGTHS.toString())
            .transform(Sequences.table(spark, Sequences.NESTED, sequences));
    String output = network.outputs().get(0).name();
    assertSameBits(alone(Sequences.NO_LENGTHS, output, sequences), scored(result, ports.nested()));
  }

  @Test
  void emptySequencesHaveNoSteps() {
    List<float[][]> sequences = List.of(new float[0][], new float[][] {{1, 2, 3, 4}});
    List<Row> rows =
        stage()
            .transform(Sequences.table(spark, Sequences.NESTED, sequences))
            .orderBy("id")
            .collectAsList();
    assertEquals(0, rows.get(0).getList(3).size());
    assertEquals(1, rows.get(1).getList(3).size());
  }

  @Test
  void isReadWithItsPipeline(@TempDir Path folder) throws IOException {
    Dataset<Row> table =
        Sequences.table(
            spark, Sequences.NESTED, Sequences.random(20, Sequences.FEATURES, k -> 1 + k % 5));
    LstmTransformer stage = stage();
    String path = folder.resolve("pipeline").toString();
    new Pipeline().setStages(new PipelineStage[] {stage}).fit(table).save(path);
    PipelineModel read = PipelineModel.load(path);
    LstmTransformer again = (LstmTransformer) read.stages()[0];
    assertEquals(stage.uid(), again.uid());
    assertEquals(stage.extractParamMap().size(), again.extractParamMap().size());
    assertEquals(stage.getOrDefault(stage.batchSize()), again.getOrDefault(again.batchSize()));
    assertSameBits(scored(stage.transform(table), true), scored(read.transform(table), true));
  }

  @Test
  void tasksShareOneSession() {
    List<float[][]> sequences = Sequences.random(40, Sequences.FEATURES, k -> 3);
    Dataset<Row> table = Sequences.table(spark, Sequences.NESTED, sequences).repartition(8);
    LstmTransformer stage = stage().setThreads(2);
    int before = SharedSessions.opened();
    assertEquals(40, stage.transform(table).collectAsList().size());
    assertEquals(40, stage.setOutputName("Y_h").transform(table).collectAsList().size());
    assertEquals(before + 1, SharedSessions.opened());
  }

  @Test
  void namesTheColumnOfABadRow() {
    float[] step = {1, 2, 3, 4};
    assertRefused("column 'x' holds a null; every row", Arrays.asList(new float[][] {step}, null));
    assertRefused("every sequence its steps", List.of((Object) new float[][] {step, null}));
    assertRefused(
        "column 'x' holds a step of 3 numbers", List.of((Object) new float[][] {step, {1, 2, 3}}));
    assertRefused(
        "column 'x' holds a null among", List.of((Object) new Float[][] {{1f, null, 2f, 3f}}));
  }

  private static void assertRefused(String message, List<?> sequences) {
    Dataset<Row> result = stage().transform(Sequences.table(spark, Sequences.NESTED, sequences));
    Throwable thrown = assertThrows(Exception.class, result::collectAsList);
    StringBuilder all = new StringBuilder();
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      all.append(cause).append('\n');
    }
    assertTrue(all.indexOf("InputException: ") >= 0 && all.indexOf(message) >= 0, all.toString());
  }

  @Test
  void refusesWhatDoesNotFitBeforeTheJob() {
    Dataset<Row> table =
        Sequences.table(spark, Sequences.NESTED, Sequences.random(2, Sequences.FEATURES, k -> 2));
    assertRefused(
        "there is no column 'z'; the columns are [id, x, tag]", stage().setInputCol("z"), table);
    assertRefused("column 'tag' is string", stage().setInputCol("tag"), table);
    assertRefused("there is a column 'id' already", stage().setOutputCol("id"), table);
    assertRefused("the network takes 4", stage().setFeatures(3), table);
    assertRefused("has no output 'Z'", stage().setOutputName("Z"), table);
    assertRefused("no such file", stage().setModelPath("/no/such.onnx"), table);
    assertRefused(
        "modelPath is not set", new LstmTransformer().setInputCol("x").setOutputCol("y"), table);
  }

  private static void assertRefused(String message, LstmTransformer stage, Dataset<Row> table) {
    InputException e = assertThrows(InputException.class, () -> stage.transform(table));
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  @Test
  void addressesBecomeDevices() {
    List<Device> devices =
        List.of(
            new Device("opencl:0.0", Device.Kind.OPENCL_CPU, "", "", "", true),
            new Device("opencl:1.0", Device.Kind.OPENCL_GPU, "", "", "broken", false),
            new Device("opencl:1.1", Device.Kind.OPENCL_GPU, "", "", "", true),
            new Device("opencl:1.2", Device.Kind.OPENCL_GPU, "", "", "", true));
    assertEquals("opencl:1.2", device("auto", devices, "1"));
    assertEquals("opencl:1.1", device("opencl", devices, "0", "1"));
    assertEquals("opencl:0.0", device("auto", devices, "opencl:0.0"));
    assertEquals("cpu", device("cpu", devices, "1"));
    assertEquals("opencl:1.1", device("opencl:1.1", devices, "1"));
    assertEquals("auto", TaskDevice.of("auto", Map.of(), () -> devices));
    assertThrows(DeviceException.class, () -> device("auto", devices, "2"));
    assertThrows(DeviceException.class, () -> device("auto", devices, "GPU-1"));
  }

  private static String device(String device, List<Device> devices, String... addresses) {
    return TaskDevice.of(
        device,
        Map.of(TaskDevice.GPU, new ResourceInformation(TaskDevice.GPU, addresses)),
        () -> devices);
  }
}
