package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Options;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class TraceDigitTest {
  private static final int UNITS = 48;

  private final Digits digits = Digits.heldOut();

  TraceDigitTest() throws IOException {}

  @ParameterizedTest
  @MethodSource("dev.lethe.examples.ForecastCo2Test#devices")
  void gatesAreSharesAndMakeTheCell(String device) {
    Options options = Options.defaults().withDevice(device);
    Trace trace = TraceDigit.trace(digits, options);
    assertArrayEquals(
        ClassifyDigits.classify(digits, options), Digits.likeliest(trace.outputs().get("y")));
    assertEquals(1, trace.layers().size());
    Trace.Layer layer = trace.layers().get(0);
    for (Tensor gate : List.of(layer.i(), layer.f(), layer.o())) {
      assertArrayEquals(new int[] {Digits.ROWS, digits.count(), UNITS}, gate.shape());
      for (float value : gate.toFloatArray()) {
        assertTrue(value >= 0 && value <= 1, "not a share: " + value);
      }
    }
    assertCell(layer);
  }

  /** c[t] = f[t] * c[t-1] + i[t] * g[t] and h[t] = o[t] * tanh(c[t]), as it says. */
  private static void assertCell(Trace.Layer layer) {
    float[] i = layer.i().toFloatArray();
    float[] f = layer.f().toFloatArray();
    float[] g = layer.g().toFloatArray();
    float[] o = layer.o().toFloatArray();
    float[] c = layer.c().toFloatArray();
    float[] h = layer.h().toFloatArray();
    int step = c.length / Digits.ROWS;
    for (int k = 0; k < c.length; k++) {
      float before = k < step ? 0 : c[k - step];
      assertEquals(f[k] * before + i[k] * g[k], c[k], 1e-6);
      assertEquals(o[k] * Math.tanh(c[k]), h[k], 1e-6);
    }
  }

  @Test
  void drawsTheGates(@TempDir Path folder) throws IOException {
    Trace.Layer layer =
        TraceDigit.trace(digits, Options.defaults().withDevice("cpu")).layers().get(0);
    Path png = folder.resolve("gates/digit.png");
    TraceDigit.write(layer, png);
    BufferedImage image = ImageIO.read(png.toFile());
    assertEquals((3 * (Digits.ROWS + 1) - 1) * TraceDigit.SQUARE, image.getWidth());
    assertEquals(UNITS * TraceDigit.SQUARE, image.getHeight());
    int unit = 5;
    int step = 3;
    int x = (Digits.ROWS + 1 + step) * TraceDigit.SQUARE; // in the forget gate's part
    int shade = image.getRaster().getSample(x, unit * TraceDigit.SQUARE, 0);
    float forget = layer.f().floats().get(step * digits.count() * UNITS + unit);
    assertEquals(Math.round(255 * forget), shade);
    long shades =
        IntStream.range(0, image.getHeight())
            .map(y -> image.getRaster().getSample(x, y, 0))
            .distinct()
            .count();
    assertTrue(shades > 10, "only " + shades + " shades in a column");
  }
}
