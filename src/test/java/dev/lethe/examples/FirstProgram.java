package dev.lethe.examples;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/** The shortest program there is: model.onnx of the current folder, run on a blank image. */
public final class FirstProgram {
  private FirstProgram() {}

  /** Prints what the model makes of eight rows of eight zeros. */
  public static void main(String[] arguments) {
    System.out.println(Arrays.toString(answers(new float[64], 1, 8, 8)));
  }

  private static float[] answers(float[] values, int batch, int steps, int features) {
    // or .safetensors, .pt, .pth, .keras, .h5
    Network network = Network.load(Path.of("model.onnx"));
    try (Session session = network.open(Options.defaults())) { // the best device, or the CPU
      System.err.println(session.choice()); // which, and why not the others
      Tensor x = Tensor.of(values, batch, steps, features);
      Map<String, Tensor> outputs = session.run(Map.of("x", x));
      float[] y = outputs.get("y").toFloatArray();
      return y; // not shown
    }
  }
}
