package embedded;

import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Tensor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs models of every format, with nothing but what Maven brings along for Lethe. */
public final class Embedded {
  private static final int BATCH = 2;
  private static final int STEPS = 5;

  private Embedded() {}

  public static void main(String[] models) {
    if (models.length == 0) {
      throw new IllegalArgumentException("which models?");
    }
    for (String name : List.of("picocli.CommandLine", "org.slf4j.impl.StaticLoggerBinder")) {
      if (isThere(name)) {
        throw new AssertionError(name + ", which only the command line needs, came along");
      }
    }
    for (String model : models) {
      Network network = Network.load(Path.of(model));
      try (Session session = network.open(Options.defaults())) {
        Map<String, Tensor> outputs = session.run(inputs(network));
        outputs.forEach((name, y) -> System.out.println(model + ": " + name + " " + checked(y)));
      }
    }
  }

  private static Map<String, Tensor> inputs(Network network) {
    Map<String, Tensor> inputs = new HashMap<>();
    for (Port port : network.inputs()) {
      if (!port.optional()) {
        int[] shape = port.shape().resolve(Map.of("batch", BATCH, "time", STEPS));
        inputs.put(port.name(), Tensor.allocate(port.type(), shape));
      }
    }
    return inputs;
  }

  private static Tensor checked(Tensor y) {
    for (float value : y.toFloatArray()) {
      if (!Float.isFinite(value)) {
        throw new AssertionError(y + " has " + value);
      }
    }
    return y;
  }

  private static boolean isThere(String name) {
    try {
      Class.forName(name);
      return true;
    } catch (ClassNotFoundException missing) {
      return false;
    }
  }
}
