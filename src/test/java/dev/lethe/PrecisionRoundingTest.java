package dev.lethe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrecisionRoundingTest {
  @ParameterizedTest
  @CsvSource({
    "FP16, 0x1.002p0, 0x1p0", // a tie, to even
    "FP16, 0x1.006p0, 0x1.008p0", // likewise, up
    "FP16, 0x1.0021p0, 0x1.004p0",
    "FP16, 65519, 65504",
    "FP16, 65520, Infinity",
    "FP16, -1e9, -Infinity",
    "FP16, 0x1.8p-25, 0x1p-24",
    "FP16, 0x1p-25, 0",
    "FP16, -0x1.fffp-15, -0x1p-14",
    "BF16, 0x1.01p0, 0x1p0",
    "BF16, 0x1.03p0, 0x1.04p0",
    "BF16, 3e38, 0x1.c4p127",
    "TF32, 0x1.0019p0, 0x1p0",
    "TF32, -0x1.ffffp0, -0x1p1",
    "FP32, 0x1.234566p0, 0x1.234566p0",
    "BF16, NaN, NaN",
    "FP16, -Infinity, -Infinity",
    "TF32, -0.0, -0.0"
  })
  void roundsToTheNearestWithTiesToEven(Precision precision, String x, String expected) {
    assertEquals(Float.parseFloat(expected), precision.round(Float.parseFloat(x)));
  }

  @Test
  void namesAreThoseOfTheCommandLine() {
    assertEquals(Precision.BF16, Precision.parse("bf16"));
    assertEquals(
        "no such precision: fp8; there are fp32, tf32, bf16, fp16, int8",
        assertThrows(InputException.class, () -> Precision.parse("fp8")).getMessage());
  }
}
