package dev.lethe.spi;

import dev.lethe.Device;
import dev.lethe.Network;
import dev.lethe.Options;
import dev.lethe.Session;
import dev.lethe.Stream;
import java.util.List;

/**
 * Knows the devices and opens sessions on them. Found through {@link java.util.ServiceLoader};
 * stateless.
 */
public interface Engine {
  /**
   * {@return every device of this machine, whole or not, in the order in which {@code auto} looks
   * at them}
   */
  List<Device> devices();

  /**
   * Opens a session on the device that the options name.
   *
   * @param network one that an {@link Importer} read
   * @param options which device, and how
   * @return a session, which the caller closes
   * @throws dev.lethe.InputException when there can be no such device, or the network is not one of
   *     this engine's
   * @throws dev.lethe.DeviceException when that device cannot run
   */
  Session open(Network network, Options options);

  /**
   * Opens a stream on the device that the options name.
   *
   * @param network one that an {@link Importer} read
   * @param capacity how many sequences can live at a time, at least 1
   * @param options which device, and how
   * @return a stream, which the caller closes
   * @throws dev.lethe.InputException when the network cannot be streamed, or there can be no so
   *     many sequences
   * @throws dev.lethe.DeviceException when that device cannot run
   */
  Stream openStream(Network network, int capacity, Options options);
}
