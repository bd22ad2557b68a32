package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.lethe.Device;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.backend.cpu.ScalarSession;
import dev.lethe.network.Graph;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every device against the double reference, under {@link Tolerance}. */
class BackendAgreementTest {
  static Stream<Arguments> casesOnDevices() {
    return Devices.usable().stream()
        .flatMap(device -> Cases.all().stream().map(c -> Arguments.of(device.id(), c)));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("casesOnDevices")
  void agreesWithReference(String device, Cases.Case c) {
    Map<String, double[]> expected = ScalarSession.outputs(c.graph(), c.inputs());
    Map<String, Tensor> actual = poisoned(c);
    try (Session session = c.graph().open(new Options(device, 2))) {
      session.run(c.inputs(), actual);
    }
    Tolerance tolerance = Tolerance.of(c.graph(), c.sizes());
    for (Graph.Result result : c.graph().results()) {
      Tolerance.Worst worst =
          tolerance.check(expected.get(result.name()), numbers(actual.get(result.name())));
      assertTrue(worst.passes(), () -> device + ", " + c + ", " + result.name() + ": " + worst);
    }
  }

  @Test
  void openClIsThereWhereItIsRequired() {
    if (Devices.openCl()) {
      assertTrue(Devices.usable().stream().anyMatch(d -> d.kind() != Device.Kind.CPU));
    } else if ("1".equals(System.getenv("LETHE_REQUIRE_OPENCL"))) {
      fail("LETHE_REQUIRE_OPENCL is 1, but no OpenCL device is usable");
    } else {
      abort("no usable OpenCL device: its part of these tests did not run");
    }
  }

  private static Map<String, Tensor> poisoned(Cases.Case c) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    for (Graph.Result result : c.graph().results()) {
      int[] shape = result.value().shape().resolve(c.sizes());
      Tensor tensor = Tensor.allocate(result.value().type(), shape);
      IntBuffer bits = tensor.bytes().asIntBuffer();
      while (bits.hasRemaining()) {
        bits.put(Float.floatToRawIntBits(Float.NaN));
      }
      outputs.put(result.name(), tensor);
    }
    return outputs;
  }

  private static float[] numbers(Tensor tensor) {
    if (tensor.type() == Tensor.Type.FLOAT32) {
      return tensor.toFloatArray();
    }
    int[] ints = tensor.toIntArray();
    float[] numbers = new float[ints.length];
    for (int k = 0; k < ints.length; k++) {
      numbers[k] = ints[k];
    }
    return numbers;
  }
}
