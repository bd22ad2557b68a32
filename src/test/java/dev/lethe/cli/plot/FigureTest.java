package dev.lethe.cli.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FigureTest {
  private static final ColorScale GATES = ColorScale.sequential(0, 1);

  @ParameterizedTest
  @CsvSource({"1, 1", "7, 4", "52, 48", "3, 200", "5000, 4", "40, 512", "1500, 1031"})
  void everyUnitAndStepIsSeen(int steps, int units) {
    float[] values = new float[steps * units];
    HeatMap dark = map(values, units);
    int height = dark.height();
    assertTrue(height >= Math.min(units, 256) && height <= 300, units + " in " + height);
    int lit = new Random(steps).nextInt(values.length);
    values[lit] = 1;
    BufferedImage image = map(values, units).image(1000, height);
    boolean seen = false;
    for (int x = 0; x < image.getWidth(); x++) {
      for (int y = 0; y < height; y++) {
        boolean here = (image.getRGB(x, y) & 0xFFFFFF) != GATES.rgb(0);
        assertTrue(!here || Math.abs(x * (long) steps / 1000 - lit / units) <= steps / 1000);
        assertTrue(!here || Math.abs(y * units / height - lit % units) <= units / height);
        seen |= here;
      }
    }
    assertTrue(seen, "unit " + lit % units + " at step " + lit / units);
  }

  @Test
  void colorsKeepTheirOrderAndTellWhatIsNoNumber() {
    assertEquals(0x440154, GATES.rgb(0));
    assertEquals(0xFDE725, GATES.rgb(1));
    assertEquals(GATES.rgb(1), GATES.rgb(Double.POSITIVE_INFINITY));
    assertEquals(GATES.rgb(0), GATES.rgb(-3));
    assertEquals(0xFFFFFF, ColorScale.diverging(2).rgb(0));
    assertEquals(ColorScale.MISSING, GATES.rgb(Double.NaN));
    int before = -1;
    for (int k = 0; k <= 100; k++) {
      int luminance = luminance(GATES.rgb(k / 100.0));
      assertTrue(luminance >= before, "at " + k);
      before = luminance;
    }
  }

  @Test
  void manyColumnsGoBelowEachOther() {
    List<Figure.Column> columns = new ArrayList<>();
    for (int k = 0; k < 5; k++) {
      columns.add(new Figure.Column("layer " + k, List.of(map(new float[12], 3))));
    }
    BufferedImage five = new Figure("five", columns).image();
    BufferedImage four = new Figure("four", columns.subList(0, 4)).image();
    assertEquals(four.getWidth(), five.getWidth());
    assertTrue(five.getHeight() > 1.5 * four.getHeight());
  }

  @Test
  void linesWithoutUpsAndDownsOrNumbersAreDrawn() {
    for (float value : new float[] {0, 3e9f, Float.NaN, Float.NEGATIVE_INFINITY}) {
      Lines lines = new Lines("flat", "time step", new float[] {value, value}, 1);
      Figure figure = new Figure("f", List.of(new Figure.Column("c", List.of(lines))));
      BufferedImage image = figure.image();
      assertEquals(Float.isFinite(value), has(image, 0x0072B2), "value " + value);
    }
  }

  @Test
  void ticksAreRoundAndFew() {
    assertEquals(List.of(0.0, 10.0, 20.0, 30.0, 40.0, 50.0), Ticks.of(0, 51, 6));
    assertEquals(List.of(-1.0, 0.0, 1.0), Ticks.of(-1.2, 1.4, 4));
    for (double span : new double[] {1e-6, 0.3, 1, 7, 99, 12345, 1e12}) {
      int count = Ticks.of(-span / 3, span, 5).size();
      assertTrue(count >= 2 && count <= 5, span + " has " + count);
    }
  }

  @Test
  void numbersHaveThreeDigits() {
    assertEquals("0", Style.number(0));
    assertEquals("0.25", Style.number(0.25f));
    assertEquals("\u22120.333", Style.number(-1 / 3.0));
    assertEquals("52", Style.number(52));
    assertEquals("12300", Style.number(12345));
    assertEquals("1.23E+12", Style.number(1234e9));
  }

  private static HeatMap map(float[] values, int units) {
    return new HeatMap("title", "unit", "time step", values, units, GATES);
  }

  private static boolean has(BufferedImage image, int rgb) {
    for (int x = 0; x < image.getWidth(); x++) {
      for (int y = 0; y < image.getHeight(); y++) {
        if ((image.getRGB(x, y) & 0xFFFFFF) == rgb) {
          return true;
        }
      }
    }
    return false;
  }

  private static int luminance(int rgb) {
    return 2126 * (rgb >> 16 & 0xFF) + 7152 * (rgb >> 8 & 0xFF) + 722 * (rgb & 0xFF);
  }
}
