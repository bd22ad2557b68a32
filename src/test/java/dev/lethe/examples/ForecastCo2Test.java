package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Device;
import dev.lethe.Lethe;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.io.Npy;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ForecastCo2Test {
  /** In ppm: 52 steps of single precision on values below 12 ppm. */
  private static final double TOLERANCE = 1e-4;

  private final Co2Record record = Co2Record.read(ForecastCo2.file("co2.csv"));

  ForecastCo2Test() throws IOException {}

  static Stream<String> devices() {
    Stream<String> opencl =
        Lethe.devices().stream()
            .filter(Device::usable)
            .map(Device::id)
            .filter(id -> id.startsWith("opencl"));
    return Stream.concat(Stream.of("cpu", "cpu:scalar"), opencl);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void answersAsPyTorchAndBeatsTheSimpleRules(String device) throws IOException {
    var result = ForecastCo2.run(record, Options.defaults().withDevice(device), Duration.ZERO);
    assertTrue(result.fromPyTorch() <= TOLERANCE, "off by " + result.fromPyTorch() + " ppm");
    ForecastCo2.Score network = result.scores().get("LSTM");
    for (String rule : List.of("last year + growth", "last year", "last week")) {
      ForecastCo2.Score score = result.scores().get(rule);
      assertTrue(network.mae() < 0.8 * score.mae(), rule + ": " + score + ", LSTM: " + network);
    }
    assertEquals(0.594, network.mae(), 0.001);
    assertEquals(0.733, network.rmse(), 0.001);
  }

  @ParameterizedTest
  @MethodSource("devices")
  void runsTheLstmAloneFromItsStateDictionary(String device) {
    Tensor recorded = Npy.read(ForecastCo2.file("lstm_h.npy"));
    int[] starts = Arrays.copyOf(record.starts(), recorded.dimension(1));
    Network lstm = Network.load(ForecastCo2.file("lstm.safetensors"));
    try (Session session = lstm.open(Options.defaults().withDevice(device))) {
      String x = lstm.inputs().get(0).name();
      Tensor h = session.run(Map.of(x, record.inputs(starts))).get("Y_h");
      assertArrayEquals(recorded.shape(), h.shape());
      assertArrayEquals(recorded.toFloatArray(), h.toFloatArray(), 1e-5f);
    }
  }

  @Test
  void cutsTheSameWindowsAsTheTrainingScript() {
    float[] recorded = Npy.read(ForecastCo2.file("x.npy")).toFloatArray();
    assertArrayEquals(recorded, record.inputs(record.starts()).toFloatArray());
  }

  @Test
  void heldOutYearsAreMeasuredThroughout() {
    for (double[] year : record.measured(record.starts())) {
      for (double ppm : year) {
        assertTrue(ppm > 345 && ppm < 380, "not a measurement of these years: " + ppm);
      }
    }
  }

  @Test
  void writesItsPicture(@TempDir Path folder) throws IOException {
    Path png = folder.resolve("picture/co2.png");
    double[][] forecasts =
        record.forecasts(record.starts(), Npy.read(ForecastCo2.file("pytorch.npy")));
    new Co2Chart(record, forecasts).write(png);
    BufferedImage image = ImageIO.read(png.toFile());
    assertEquals(Co2Chart.WIDTH, image.getWidth());
    assertEquals(Co2Chart.HEIGHT, image.getHeight());
    int[] pixels = image.getRGB(0, 0, Co2Chart.WIDTH, Co2Chart.HEIGHT, null, 0, Co2Chart.WIDTH);
    for (int colour : new int[] {0xFFFFFFFF, 0xFF000000, 0xFF0072B2, 0xFFE69F00, 0xFF9A9A9A}) {
      String name = "no pixel of colour " + Integer.toHexString(colour);
      assertTrue(IntStream.of(pixels).anyMatch(pixel -> pixel == colour), name);
    }
  }
}
