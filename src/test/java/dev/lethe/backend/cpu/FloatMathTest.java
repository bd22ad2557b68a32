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
