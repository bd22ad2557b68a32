package dev.lethe.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lethe.Tensor;
import dev.lethe.backend.Tolerance;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ComparisonTest {
  private static final Tolerance TOLERANCE = new Tolerance(1e-4, 0);

  private final Comparison comparison = new Comparison();

  @Test
  void theWorstDeviceButTheReferenceCounts() {
    add("cpu", 1 + 4e-6);
    add("opencl:0.0", 1 + 2.5e-5);
    add("cpu:scalar", 1 + 5e-5);
    assertTrue(comparison.passed());
    assertEquals(
        "same answers: the largest difference is 25 % of what fp32 allows (1.0e-04 + 0.0e+00 *"
            + " |value|)",
        comparison.verdict());
    List<String> lines = table();
    assertEquals(4, lines.size());
    assertTrue(lines.get(1).matches("cpu +fp32 +y .* 4.. % +same"), lines.get(1));
    assertTrue(lines.get(3).matches("cpu:scalar +fp32 .* the reference"), lines.get(3));
  }

  @Test
  void aDeviceBeyondTheToleranceFails() {
    add("cpu", 1);
    add("opencl:0.0", 1 + 2.5e-4);
    assertFalse(comparison.passed());
    String verdict = comparison.verdict();
    assertTrue(verdict.startsWith("DIFFERENT ANSWERS: opencl:0.0 is at 250 % of"), verdict);
    assertTrue(verdict.contains("element 1: expected 1.0"), verdict);
    assertTrue(table().get(2).endsWith("DIFFERENT"));
  }

  @Test
  void notANumberIsBeyondAnyTolerance() {
    add("cpu", Double.NaN);
    assertFalse(comparison.passed());
    String verdict = comparison.verdict();
    assertTrue(verdict.startsWith("DIFFERENT ANSWERS: cpu is at infinitely many %"), verdict);
  }

  @Test
  void aDeviceThatDoesNotRunFails() {
    add("cpu", 1);
    comparison.addFailed("opencl:1.0", "fp32");
    assertFalse(comparison.passed());
    assertEquals("FAILED: opencl:1.0; the others give the same answers", comparison.verdict());
    assertTrue(table().get(2).endsWith("FAILED"));
  }

  @Test
  void nothingThatRunsIsNoAgreement() {
    comparison.addFailed("cpu", "fp32");
    assertFalse(comparison.passed());
    assertEquals("FAILED: cpu", comparison.verdict());
  }

  @ParameterizedTest
  @CsvSource({"0,0.0 %", "0.0004,under 0.1 %", "0.00412,0.4 %", "0.0996,10.0 %", "2.5,250 %"})
  void percentagesAreForPeople(double share, String text) {
    assertEquals(text, Comparison.percent(share));
  }

  /** A device whose second of three elements, which should be 1, is this. */
  private void add(String device, double element) {
    Tensor y = Tensor.of(new float[] {0, (float) element, -1}, 3);
    comparison.add(
        device,
        "fp32",
        TOLERANCE,
        Agreement.check(TOLERANCE, Map.of("y", new double[] {0, 1, -1}), Map.of("y", y)),
        1.5);
  }

  private List<String> table() {
    StringWriter text = new StringWriter();
    comparison.table().print(new PrintWriter(text, true), "");
    return text.toString().lines().toList();
  }
}
