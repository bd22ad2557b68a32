package dev.lethe.examples;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;

/**
 * A look inside: what every gate does while the network reads one digit, printed as means over the
 * hidden units and drawn unit by unit.
 */
public final class TraceDigit {
  /** Side of a square of the picture, in pixels. */
  static final int SQUARE = 8;

  private TraceDigit() {}

  /**
   * Traces the first digit that training did not see.
   *
   * @param arguments where the picture goes, if not to target/digit-gates.png
   */
  public static void main(String[] arguments) throws IOException {
    Path picture = Path.of(arguments.length > 0 ? arguments[0] : "target/digit-gates.png");
    Trace trace = trace(Digits.heldOut(), Examples.options());
    Trace.Layer layer = trace.layers().get(0);
    System.out.println("row  input  forget  output");
    for (int t = 0; t < Digits.ROWS; t++) {
      System.out.printf(
          "%3d  %5.2f  %6.2f  %6.2f%n",
          t + 1, mean(layer.i(), t), mean(layer.f(), t), mean(layer.o(), t));
    }
    write(layer, picture);
    System.out.println("Picture, from the left the gates i, f and o: " + picture);
  }

  /** All gates of every digit and step. */
  static Trace trace(Digits digits, Options options) {
    Network network = Network.load(Examples.file("digits/digits.onnx"));
    try (Session session = network.open(options)) {
      Tensor x = digits.tensor();
      Trace trace = session.trace(Map.of("x", x));
      for (Trace.Layer layer : trace.layers()) {
        Tensor forget = layer.f(); // [T, B, H]; zeros past each sequence's end
        System.out.println(layer.name() + " " + layer.direction() + ": forget gate " + forget);
      }
      return trace;
    }
  }

  /** Mean over the units of the first sequence at step {@code t} of a gate [T, B, H]. */
  private static double mean(Tensor gate, int t) {
    int units = gate.dimension(2);
    double sum = 0;
    for (int unit = 0; unit < units; unit++) {
      sum += value(gate, t, unit);
    }
    return sum / units;
  }

  private static float value(Tensor gate, int t, int unit) {
    return gate.floats().get(t * gate.dimension(1) * gate.dimension(2) + unit);
  }

  /** Gates i, f and o of the first sequence side by side: a column a step, a line a unit. */
  static void write(Trace.Layer layer, Path png) throws IOException {
    int steps = layer.f().dimension(0);
    int units = layer.f().dimension(2);
    Tensor[] gates = {layer.i(), layer.f(), layer.o()};
    int width = (gates.length * (steps + 1) - 1) * SQUARE;
    BufferedImage image = new BufferedImage(width, units * SQUARE, BufferedImage.TYPE_BYTE_GRAY);
    var raster = image.getRaster();
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < width; x++) {
        int gate = x / SQUARE / (steps + 1);
        int t = x / SQUARE % (steps + 1);
        // white where the gate is open, and between the gates
        float shade = t == steps ? 1 : value(gates[gate], t, y / SQUARE);
        raster.setSample(x, y, 0, Math.round(255 * shade));
      }
    }
    Files.createDirectories(png.toAbsolutePath().getParent());
    ImageIO.write(image, "png", png.toFile());
  }
}
