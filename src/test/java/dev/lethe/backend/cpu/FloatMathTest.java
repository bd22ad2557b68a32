package dev.lethe.backend.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.backend.Tolerance;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** Sigmoid and tanh against Math in double precision, over the range of floats. */
class FloatMathTest {
  /** Every 997th float of both signs: 4.3 million, among them denormals. */
  private static final int STRIDE = 997;

  private static final double ULPS = 3;

  /** Of the products of gates and states that are added. */
  private static final double CELL_ULPS = 7;

  private static final float[] PRE_ACTIVATIONS = {
    Float.NEGATIVE_INFINITY,
    -100,
    -33.5f,
    -33.4f,
    -17,
    -5.3f,
    -1,
    -1e-3f,
    -1e-30f,
    0,
    Float.MIN_VALUE,
    1e-9f,
    0.4f,
    0.7f,
    2,
    9.9f,
    10.1f,
    33.6f,
    Float.MAX_VALUE
  };

  private interface Function {
    float apply(float x);
  }

  @Test
  void sigmoidWithinThreeUlps() {
    assertAccurate(FloatMath::sigmoid, x -> 1 / (1 + Math.exp(-x)));
  }

  @Test
  void tanhWithinThreeUlps() {
    assertAccurate(FloatMath::tanh, Math::tanh);
  }

  @Test
  void cellStateWithinSevenUlpsOfItsParts() {
    for (float i : PRE_ACTIVATIONS) {
      for (float f : PRE_ACTIVATIONS) {
        for (float g : PRE_ACTIVATIONS) {
          for (float c : new float[] {-1e30f, -2, 0, 1e-20f, 0.3f, 1, 7, 1e9f}) {
            double kept = gate(f) * c;
            double added = gate(i) * Math.tanh(g);
            float actual = cell(i, f, g, c);
            double most = Math.max(Math.abs(kept), Math.abs(added)) * CELL_ULPS * Math.ulp(1f);
            assertEquals(
                kept + added,
                actual,
                most + Float.MIN_NORMAL,
                () -> "i " + i + ", f " + f + ", g " + g + ", c " + c);
          }
        }
      }
    }
  }

  @Test
  void hiddenStateWithinSevenUlps() {
    for (float o : PRE_ACTIVATIONS) {
      for (float c : PRE_ACTIVATIONS) {
        double expected = gate(o) * Math.tanh(c);
        float actual = FloatMath.hidden(FloatMath.divisor(o), c);
        double most = Math.abs(expected) * CELL_ULPS * Math.ulp(1f);
        assertEquals(expected, actual, most + Float.MIN_NORMAL, () -> "o " + o + ", c " + c);
      }
    }
  }

  @Test
  void statesOfSpecialValues() {
    assertTrue(Float.isNaN(cell(Float.NaN, 0, 0, 0)));
    assertTrue(Float.isNaN(cell(0, Float.NaN, 0, 0)));
    assertTrue(Float.isNaN(cell(0, 0, Float.NaN, 0)));
    assertTrue(Float.isNaN(cell(0, 0, 0, Float.NaN)));
    assertTrue(Float.isNaN(FloatMath.hidden(Float.NaN, 0)));
    assertTrue(Float.isNaN(FloatMath.hidden(2, Float.NaN)));
    assertEquals(Float.NEGATIVE_INFINITY, cell(0, -100, 0, Float.NEGATIVE_INFINITY));
    assertEquals(-1, FloatMath.hidden(1, Float.NEGATIVE_INFINITY));
    float closed = Float.NEGATIVE_INFINITY;
    assertEquals(0f, cell(closed, closed, 100, 1), 6e-15f);
  }

  private static float cell(float i, float f, float g, float c) {
    return FloatMath.cell(FloatMath.divisor(i), FloatMath.divisor(f), FloatMath.dividend(g), c);
  }

  private static double gate(float x) {
    double bounded = Math.max(-FloatMath.GATE_BOUND, Math.min(FloatMath.GATE_BOUND, x));
    return 1 / (1 + Math.exp(-bounded));
  }

  @Test
  void specialValues() {
    assertTrue(Float.isNaN(FloatMath.sigmoid(Float.NaN)));
    assertTrue(Float.isNaN(FloatMath.tanh(Float.NaN)));
    assertEquals(0.5f, FloatMath.sigmoid(0f));
    assertEquals(1f, FloatMath.sigmoid(Float.POSITIVE_INFINITY));
    assertEquals(0f, FloatMath.sigmoid(Float.NEGATIVE_INFINITY), Float.MIN_NORMAL);
    assertEquals(0f, FloatMath.sigmoid(-Float.MAX_VALUE), Float.MIN_NORMAL);
    assertEquals(1f, FloatMath.tanh(Float.POSITIVE_INFINITY));
    assertEquals(-1f, FloatMath.tanh(-Float.MAX_VALUE));
    assertEquals(Float.MIN_VALUE, FloatMath.tanh(Float.MIN_VALUE));
  }

  private static void assertAccurate(Function function, DoubleUnaryOperator exact) {
    double worst = 0;
    float at = 0;
    for (long bits = 0; bits <= 0x7f800000L; bits += STRIDE) {
      for (int sign = 0; sign < 2; sign++) {
        float x = Float.intBitsToFloat((int) bits | sign << 31);
        double ulps = ulps(exact.applyAsDouble(x), function.apply(x));
        if (ulps > worst) {
          worst = ulps;
          at = x;
        }
      }
    }
    assertTrue(worst > 0.4 && worst <= ULPS, "off by " + worst + " ulp at " + at);
  }

  /** Results below the smallest normal number need only be as small. */
  private static double ulps(double expected, float actual) {
    boolean tiny = Math.abs(actual) < Float.MIN_NORMAL && Math.abs(expected) < Float.MIN_NORMAL;
    return tiny ? 0 : Tolerance.ulps(expected, actual);
  }
}
