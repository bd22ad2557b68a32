package dev.lethe.bench;

import dev.lethe.DeviceException;
import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.opencl.DeviceRuns;
import dev.lethe.network.LstmShape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * Times the kernels that a GPU could take for each row of a shapes file, and holds what each
 * computes against a launch for each step: the same bits in single precision, otherwise the largest
 * difference.
 *
 * <pre>java -cp target/benchmarks.jar dev.lethe.bench.GpuVariants SHAPES.csv [DEVICE]</pre>
 *
 * <p>Exit code 1 if bits differ where they must not, or a kernel fails.
 */
public final class GpuVariants {
  private final String device;
  private boolean wrong;

  private GpuVariants(String device) {
    this.device = device;
  }

  /** Runs. */
  public static void main(String[] args) throws IOException {
    if (args.length < 1) {
      throw new IllegalArgumentException("needs SHAPES.csv [DEVICE]");
    }
    GpuVariants variants = new GpuVariants(args.length > 1 ? args[1] : "opencl");
    for (GpuShape shape : GpuShape.read(Path.of(args[0]))) {
      variants.compare(shape);
    }
    if (variants.wrong) {
      System.exit(1);
    }
  }

  private interface Opening {
    DeviceRuns open();
  }

  private void compare(GpuShape shape) {
    for (Precision precision : Precision.values()) {
      float[] plain =
          run(shape, precision, new float[0], () -> openPlain(shape, precision)).clone();
      run(shape, precision, plain, () -> DeviceRuns.open(shape.graph(), device, precision));
      LstmShape layer = shape.layer();
      for (int k = 0; k < DeviceRuns.candidates(layer, device, precision); k++) {
        int index = k;
        run(
            shape,
            precision,
            plain,
            () -> DeviceRuns.openCandidate(shape.graph(), layer, device, precision, index));
      }
    }
  }

  private DeviceRuns openPlain(GpuShape shape, Precision precision) {
    return DeviceRuns.openPlain(shape.graph(), device, precision);
  }

  private float[] run(GpuShape shape, Precision precision, float[] plain, Opening opening) {
    String label = String.format(Locale.ROOT, "%-20s %s ", shape.name(), precision);
    try (DeviceRuns runs = opening.open()) {
      Tensor y = Objects.requireNonNull(runs.run(Map.of("x", shape.x())).get("y"));
      float[] values = y.toFloatArray();
      String agreement = plain.length == 0 ? "" : agreement(precision, plain, values);
      System.out.printf(
          Locale.ROOT,
          "%s %9.4f ms  %s  %s%n",
          label,
          runs.milliseconds(5, 3),
          agreement,
          String.join("; ", runs.variants()));
      return values;
    } catch (DeviceException e) {
      wrong = true;
      System.out.println(label + " FAILED: " + e.getMessage());
      return new float[0];
    }
  }

  private String agreement(Precision precision, float[] plain, float[] values) {
    if (precision == Precision.FP32) {
      boolean same = Arrays.equals(plain, values);
      wrong |= !same;
      return same ? "same bits" : "BITS DIFFER";
    }
    double largest = 0;
    for (int k = 0; k < values.length; k++) {
      double difference = Math.abs(values[k] - plain[k]);
      largest = difference <= largest ? largest : difference;
      wrong |= Double.isNaN(difference);
    }
    return String.format(Locale.ROOT, "differs by %.1e", largest);
  }
}
