package dev.lethe.backend;

import dev.lethe.Device;
import dev.lethe.Options;
import dev.lethe.network.Graph;
import java.util.List;

/** One way to run networks. Found through {@link java.util.ServiceLoader}; stateless. */
public interface Backend {
  /**
   * Its devices, whole or not. What keeps the backend as a whole or one platform from working is a
   * device that is not usable, whose refusal says what to do. Never throws.
   */
  List<Device> devices();

  /**
   * Whether a device of this id could be one of its own. Told from the id alone, so that no driver
   * is loaded for a device that another backend has.
   */
  boolean mayHave(String id);

  /**
   * What a session with these options runs on, in a few words, for {@link
   * dev.lethe.Session#choice()}.
   *
   * @param device one of {@link #devices()}, usable
   */
  default String words(Device device, Options options) {
    return device.name();
  }

  /**
   * Compiles and uploads.
   *
   * @param device one of {@link #devices()}, usable
   * @param choice for {@link dev.lethe.Session#choice()}
   * @throws dev.lethe.DeviceException when the device fails
   */
  GraphSession open(Graph graph, Device device, Options options, String choice);
}
