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
    result.found().forEach(found -> devices.add(described(found, tuned(found)).device()));
    devices.addAll(result.broken());
    return devices;
  }

  private static TunedLayers tuned(Discovery.Found found) {
    return TuningFile.ofUser().load(found.facts());
  }

  private static Discovery.Found described(Discovery.Found found, TunedLayers tuned) {
    int count = tuned.entries().size();
    return count == 0
        ? found
        : found.describedAs(
            found.device().description()
                + ", tuned for "
                + count
                + (count == 1 ? " layer" : " layers"));
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
            .orElseThrow(
                () -> new DeviceException("device " + device.id() + " has gone; take another one"));
    TunedLayers tuned = tuned(found);
    OpenClPlan plan = OpenClPlan.of(found.facts(), options.precision()).withTuned(tuned);
    ProgramCache cache = ProgramCache.inUserFolder();
    return OpenClSession.open(graph, described(found, tuned), plan, cache, choice);
  }
}
