package dev.lethe.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lethe.Options;
import dev.lethe.io.Npy;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

final class ClassifyDigitsTest {
  private final Digits digits = Digits.heldOut();

  ClassifyDigitsTest() throws IOException {}

  @ParameterizedTest
  @MethodSource("dev.lethe.examples.ForecastCo2Test#devices")
  void readsDigitsAsWellAsPyTorch(String device) {
    int[] answers = ClassifyDigits.classify(digits, Options.defaults().withDevice(device));
    assertArrayEquals(Digits.likeliest(Npy.read(Examples.file("digits/pytorch.npy"))), answers);
    assertEquals(597, digits.count());
    assertEquals(571, digits.right(answers));
  }
}
