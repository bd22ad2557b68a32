package dev.lethe.examples;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import java.io.IOException;
import java.util.Map;

/**
 * Classifies sequences: reads 597 handwritten digits that training did not see, each as eight rows
 * of eight pixels, in one batch.
 */
public final class ClassifyDigits {
  private ClassifyDigits() {}

  /** Prints how many are right; {@code -Ddevice=cpu} and the like choose a device. */
  public static void main(String[] arguments) throws IOException {
    Digits digits = Digits.heldOut();
    int[] answers = classify(digits, Examples.options());
    System.out.printf("%d of %d digits are right%n", digits.right(answers), digits.count());
  }

  /** Which digit each is. */
  static int[] classify(Digits digits, Options options) {
    Network network = Network.load(Examples.file("digits/digits.onnx"));
    try (Session session = network.open(options)) {
      Tensor y = session.run(Map.of("x", digits.tensor())).get("y"); // [N, 10], probabilities
      return Digits.likeliest(y);
    }
  }
}
