package dev.lethe.backend;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Stream;
import dev.lethe.network.Graph;
import dev.lethe.network.StreamingGraph;
import dev.lethe.spi.Engine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Chooses a device among those of all backends. */
public final class BackendEngine implements Engine {
  private static final System.Logger LOG = System.getLogger("dev.lethe");

  @Override
  public List<Device> devices() {
    return List.copyOf(candidates(backends()).keySet());
  }

  @Override
  public Session open(Network network, Options options) {
    return open(graph(network), options);
  }

  @Override
  public Stream openStream(Network network, int capacity, Options options) {
    if (capacity < 1) {
      throw new InputException("a stream's capacity must be at least 1, not " + capacity);
    }
    StreamingGraph streaming = StreamingGraph.of(graph(network));
    return new GraphStream(network, streaming, open(streaming.graph(), options), capacity);
  }

  private static Graph graph(Network network) {
    if (network instanceof Graph graph) {
      return graph;
    }
    throw new InputException(
        "only networks that Lethe made can be opened, not " + network.getClass().getName());
  }

  private static GraphSession open(Graph graph, Options options) {
    Map<Device, Backend> candidates = candidates(options.device());
    List<Device> devices = List.copyOf(candidates.keySet());
    Device device = choose(devices, options.device());
    Backend backend = Objects.requireNonNull(candidates.get(device));
    String choice = explain(device, backend.words(device, options), devices, options.device());
    LOG.log(System.Logger.Level.DEBUG, choice);
    return backend.open(graph, device, options, choice);
  }

  /**
   * The device that {@code wanted} stands for.
   *
   * @param devices in order of preference
   * @throws InputException when it names none
   * @throws DeviceException when it names one that cannot run
   */
  static Device choose(List<Device> devices, String wanted) {
    if (wanted.equals("auto")) {
      return first(devices, d -> d.usable() && d.refusal().isEmpty(), wanted);
    }
    if (wanted.equals("opencl")) {
      return first(devices, d -> d.usable() && isOpenCl(d), wanted);
    }
    List<Device> named = devices.stream().filter(d -> d.id().equals(wanted)).toList();
    if (named.isEmpty()) {
      throw new InputException(
          "device '" + wanted + "': no such device; " + known(devices, wanted));
    }
    return first(named, Device::usable, wanted);
  }

  /** What could have been asked for instead; without a device of OpenCL, why. */
  private static String known(List<Device> devices, String wanted) {
    List<String> names = new ArrayList<>(List.of("auto"));
    List<Device> usable = devices.stream().filter(Device::usable).toList();
    boolean openCl = usable.stream().anyMatch(BackendEngine::isOpenCl);
    if (openCl) {
      names.add("opencl");
    }
    usable.forEach(device -> names.add(device.id()));
    String why = !openCl && wanted.startsWith("opencl") ? "; " + causes(devices) : "";
    return "there are " + String.join(", ", names) + why;
  }

  private static String causes(List<Device> devices) {
    return devices.stream()
        .filter(d -> !d.usable())
        .map(d -> d.id() + ": " + d.refusal())
        .collect(Collectors.joining("; "));
  }

  private static Device first(List<Device> devices, Predicate<Device> fits, String wanted) {
    return devices.stream()
        .filter(fits)
        .findFirst()
        .orElseThrow(
            () -> {
              String causes = causes(devices);
              return new DeviceException(
                  "device '"
                      + wanted
                      + "' cannot run: "
                      + (causes.isEmpty() ? "there is none" : causes));
            });
  }

  /**
   * One line: what runs, and why what {@code auto} would have preferred does not, as shortly as can
   * be. Names and remedies are for {@code lethe doctor}.
   *
   * @param words what the session runs on
   */
  static String explain(Device device, String words, List<Device> devices, String wanted) {
    String taken = "running on " + device.id() + " (" + words + ")";
    if (!wanted.equals("auto")) {
      return taken + ", as asked with '" + wanted + "'";
    }
    List<String> others = new ArrayList<>();
    for (Device other : devices) {
      if (!other.equals(device)
          && !other.refusal().isEmpty()
          && other.kind() != Device.Kind.REFERENCE) {
        others.add(other.id() + " (" + shortly(other.refusal()) + ")");
      }
    }
    return others.isEmpty()
        ? taken
        : taken + "; not taken: " + String.join(", ", others) + "; lethe doctor says more";
  }

  /** A refusal without its codes and what would help against it. */
  private static String shortly(String refusal) {
    return refusal.split("; | \\(", 2)[0];
  }

  private static boolean isOpenCl(Device device) {
    return device.kind() == Device.Kind.OPENCL_GPU || device.kind() == Device.Kind.OPENCL_CPU;
  }

  /** Of the backends that could have the device; of all where none has it, to choose or to name. */
  private static Map<Device, Backend> candidates(String wanted) {
    List<Backend> all = backends();
    Map<Device, Backend> fitting =
        candidates(all.stream().filter(backend -> backend.mayHave(wanted)).toList());
    boolean there = fitting.keySet().stream().anyMatch(device -> device.id().equals(wanted));
    return there || wanted.equals("opencl") ? fitting : candidates(all);
  }

  private static List<Backend> backends() {
    return ServiceLoader.load(Backend.class, BackendEngine.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .toList();
  }

  private static Map<Device, Backend> candidates(List<Backend> backends) {
    Map<Device, Backend> unordered = new LinkedHashMap<>();
    for (Backend backend : backends) {
      backend.devices().forEach(device -> unordered.put(device, backend));
    }
    Map<Device, Backend> ordered = new LinkedHashMap<>();
    unordered.keySet().stream()
        .sorted(Comparator.comparing(Device::kind))
        .forEach(device -> ordered.put(device, unordered.get(device)));
    return ordered;
  }
}
