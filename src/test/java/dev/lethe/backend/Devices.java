package dev.lethe.backend;

import dev.lethe.Device;
import dev.lethe.Lethe;
import java.util.List;

/** The devices that tests run on. */
final class Devices {
  private Devices() {}

  /** All that are usable but for the reference. */
  static List<Device> usable() {
    return Lethe.devices().stream()
        .filter(d -> d.usable() && d.kind() != Device.Kind.REFERENCE)
        .toList();
  }

  static boolean openCl() {
    return usable().stream().anyMatch(d -> d.kind() != Device.Kind.CPU);
  }
}
