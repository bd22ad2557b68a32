package dev.lethe.cli;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.InputException;
import dev.lethe.Lethe;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.network.Graph;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** One session for each device that {@code -d} names. Owns them. */
final class Sessions implements AutoCloseable {
  private static final String ALL = "all";
  private final List<Session> all = new ArrayList<>();

  private Sessions() {}

  /** Whether there may be more than one. */
  static boolean areSeveral(Options options) {
    return options.device().equals(ALL) || options.device().contains(",");
  }

  /** How many there are at most. */
  static int count(Options options) {
    return options.device().equals(ALL) ? takenByAll(options).size() : names(options).size();
  }

  /** Whether the CPU may be among them, in other words than {@code auto}. */
  static boolean includeCpu(Options options) {
    return options.device().equals(ALL) || names(options).contains("cpu");
  }

  /**
   * Opens them. What {@code all} stands for may fail, as long as something is left; what has a name
   * may not.
   *
   * @param warnings told of what {@code all} has to do without
   */
  static Sessions open(Graph graph, Options options, Consumer<String> warnings) {
    Sessions sessions = new Sessions();
    try {
      if (options.device().equals(ALL)) {
        sessions.openAll(graph, options, warnings);
      } else {
        names(options).forEach(name -> sessions.all.add(graph.open(options.withDevice(name))));
      }
      sessions.requireDifferent(options);
      return sessions;
    } catch (RuntimeException e) {
      sessions.close();
      throw e;
    }
  }

  /** In the order in which they are named. */
  List<Session> all() {
    return List.copyOf(all);
  }

  @Override
  public void close() {
    all.forEach(Session::close);
  }

  private void openAll(Graph graph, Options options, Consumer<String> warnings) {
    Optional<DeviceException> failure = Optional.empty();
    for (Device device : takenByAll(options)) {
      try {
        all.add(graph.open(options.withDevice(device.id())));
      } catch (DeviceException e) {
        warnings.accept(device.id() + " is left out: " + e.getMessage());
        failure = Optional.of(e);
      }
    }
    if (all.isEmpty()) {
      throw failure.orElseGet(
          () -> new DeviceException("no device computes in " + options.precision()));
    }
  }

  /** Those that {@code auto} may take: an OpenCL device that is the CPU must be named. */
  private static List<Device> takenByAll(Options options) {
    return Lethe.devices().stream()
        .filter(device -> device.usable() && device.refusal().isEmpty())
        .filter(device -> device.kind() != Device.Kind.REFERENCE)
        .filter(device -> device.computes(options.precision()))
        .toList();
  }

  private void requireDifferent(Options options) {
    if (all.stream().map(session -> session.device().id()).distinct().count() < all.size()) {
      throw new InputException("device '" + options.device() + "': names one twice");
    }
  }

  private static List<String> names(Options options) {
    List<String> names = Stream.of(options.device().split(",", -1)).map(String::strip).toList();
    if (names.contains(ALL)) {
      throw new InputException("device '" + options.device() + "': 'all' stands alone");
    }
    return names;
  }
}
