package dev.lethe.backend.opencl;

import dev.lethe.Device;
import dev.lethe.DeviceException;
import dev.lethe.Options;
import dev.lethe.backend.Backend;
import dev.lethe.backend.GraphSession;
import dev.lethe.network.Graph;
import java.util.ArrayList;
import java.util.List;

/** OpenCL devices of all platforms. */
public final class OpenClBackend implements Backend {
  @Override
  public List<Device> devices() {
    Discovery.Result result = Discovery.run();
    List<Device> devices = new ArrayList<>();
    result.found().forEach(found -> devices.add(found.device()));
    devices.addAll(result.broken());
    return devices;
  }

  @Override
  public boolean mayHave(String id) {
    return id.startsWith("opencl");
  }

  @Override
  public GraphSession open(Graph graph, Device device, Options options, String choice) {
    Discovery.Found found =
        Discovery.run().found().stream()
            .filter(f -> f.device().id().equals(device.id()))
            .findFirst()
            .orElseThrow(() -> new DeviceException("device " + device.id() + " has gone"));
    OpenClPlan plan = OpenClPlan.of(found.facts(), options.precision());
    return OpenClSession.open(graph, found, plan, ProgramCache.inUserFolder(), choice);
  }
}
