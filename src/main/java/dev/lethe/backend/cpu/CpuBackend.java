package dev.lethe.backend.cpu;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Options;
import dev.lethe.Precision;
import dev.lethe.backend.Backend;
import dev.lethe.backend.GraphSession;
import dev.lethe.network.Graph;
import java.util.List;
import java.util.stream.Stream;

/** The processor: the fast path and the reference. */
public final class CpuBackend implements Backend {
  private static final String CPU = "cpu";
  static final Device REFERENCE =
      new Device(
          "cpu:scalar",
          Device.Kind.REFERENCE,
          "double precision, 1 thread",
          "the reference that every device is held against",
          "the slow reference",
          true);

  @Override
  public List<Device> devices() {
    return List.of(fast(threads(Options.defaults())), REFERENCE);
  }

  private static Device fast(int threads) {
    return new Device(
        CPU,
        Device.Kind.CPU,
        name(threads),
        System.getProperty("os.arch")
            + ", Java "
            + Runtime.version().feature()
            + ", "
            + CpuKernels.description(),
        "",
        true);
  }

  private static String name(int threads) {
    return threads + (threads == 1 ? " thread, " : " threads, ") + CpuKernels.label();
  }

  private static int threads(Options options) {
    return options.threads() > 0 ? options.threads() : Runtime.getRuntime().availableProcessors();
  }

  @Override
  public boolean mayHave(String id) {
    return id.equals(CPU) || id.equals(REFERENCE.id());
  }

  @Override
  public String words(Device device, Options options) {
    return device.kind() == Device.Kind.REFERENCE
        ? device.name()
        : name(threads(options)) + CpuKernels.missing();
  }

  @Override
  public GraphSession open(Graph graph, Device device, Options options, String choice) {
    if (!device.computes(options.precision())) {
      List<Precision> precisions = Stream.of(Precision.values()).filter(device::computes).toList();
      throw new InputException(
          "precision "
              + options.precision()
              + (devices().get(0).computes(options.precision())
                  ? " needs another device (-d cpu or -d opencl); "
                  : " needs an OpenCL device (-d opencl); ")
              + device.id()
              + " computes in "
              + precisions);
    }
    if (device.kind() == Device.Kind.REFERENCE) {
      return new ScalarSession(graph, device, choice, options.precision());
    }
    int threads = threads(options);
    Kernels kernels = CpuKernels.get().ofSession(options.precision());
    return new CpuSession(graph, fast(threads), choice, kernels, threads, options.precision());
  }
}
