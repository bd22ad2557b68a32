package dev.lethe.importer.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnxruntime.OrtException;
import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import dev.lethe.network.Graph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random models in ONNX Runtime and on every device of Lethe, under {@link Tolerance}, which one
 * side's rounding errors alone may use up.
 */
class OnnxRuntimeAgreementTest {
  private static final long MODELS = 300;

  /** Compiling a model's kernels takes a second or two, so OpenCL devices run one model in five. */
  private static final long OPENCL_EVERY = 5;

  @TempDir Path folder;

  static Stream<Arguments> modelsOnDevices() {
    List<Device> devices = Lethe.devices().stream().filter(Device::usable).toList();
    return LongStream.rangeClosed(1, MODELS)
        .mapToObj(RandomModel::of)
        .flatMap(
            model ->
                devices.stream()
                    .filter(device -> !openCl(device) || model.seed() % OPENCL_EVERY == 0)
                    .map(device -> Arguments.of(device.id(), model)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("modelsOnDevices")
  void agrees(String device, RandomModel random) throws IOException, OrtException {
    Path file = Files.write(folder.resolve("model.onnx"), random.model().toByteArray());
    Map<String, Tensor> expected = OnnxRuntime.run(random.model(), random.inputs());
    Network network = Network.load(file);
    Map<String, Tensor> actual;
    try (Session session = network.open(new Options(device, 2))) {
      actual = session.run(random.inputs());
    }
    Tolerance tolerance = tolerance((Graph) network, random.inputs());
    assertEquals(expected.keySet(), actual.keySet(), random::toString);
    expected.forEach(
        (name, tensor) -> {
          String where = device + ", " + random + ", " + name;
          assertArrayEquals(tensor.shape(), actual.get(name).shape(), where);
          Tolerance.Worst worst = tolerance.check(doubles(tensor), actual.get(name).toFloatArray());
          assertTrue(worst.passes(), () -> where + ": " + worst);
        });
  }

  @Test
  void openClIsThereWhereItIsRequired() {
    boolean required = "1".equals(System.getenv("LETHE_REQUIRE_OPENCL"));
    boolean there = Lethe.devices().stream().anyMatch(d -> d.usable() && openCl(d));
    assertTrue(there || !required, "LETHE_REQUIRE_OPENCL is 1, but no OpenCL device is usable");
  }

  private static boolean openCl(Device device) {
    return device.kind() == Device.Kind.OPENCL_GPU || device.kind() == Device.Kind.OPENCL_CPU;
  }

  private static Tolerance tolerance(Graph graph, Map<String, Tensor> inputs) {
    Map<String, int[]> shapes = new TreeMap<>();
    inputs.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
    return Tolerance.of(graph, Tolerance.sizes(graph, shapes));
  }

  private static double[] doubles(Tensor tensor) {
    float[] values = tensor.toFloatArray();
    double[] doubles = new double[values.length];
    for (int k = 0; k < values.length; k++) {
      doubles[k] = values[k];
    }
    return doubles;
  }
}
