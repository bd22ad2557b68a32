package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A run that is timed computes what a run does. */
class RunTimesTest {
  static Stream<Device> devices() {
    return Lethe.devices().stream().filter(Device::usable);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void timedRunsGiveTheSameBits(Device device) {
    LstmShape shape = LstmShape.parse("5x3x4x6x2x2");
    Map<String, Tensor> inputs = Map.of("x", shape.input());
    try (Session session = shape.network().open(Options.defaults().withDevice(device.id()))) {
      Map<String, Tensor> outputs = session.run(inputs);
      Tensor y = Objects.requireNonNull(outputs.get("y"));
      float[] expected = y.toFloatArray();
      y.floats().put(new float[expected.length]);
      RunTimes times = ((GraphSession) session).time(inputs, outputs);
      assertArrayEquals(expected, y.toFloatArray());
      assertTrue(
          times.copyInNanos() >= 0 && times.computeNanos() >= 0 && times.copyOutNanos() >= 0);
      boolean kernels =
          device.kind() == Device.Kind.OPENCL_GPU || device.kind() == Device.Kind.OPENCL_CPU;
      assertEquals(kernels, times.launches() > 0);
    }
  }
}
