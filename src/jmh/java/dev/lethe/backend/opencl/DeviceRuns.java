package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A network on an OpenCL device, timed there: kernels and launches, no transfers. */
public final class DeviceRuns implements AutoCloseable {
  private final OpenClSession session;
  private final DeviceFacts facts;

  private DeviceRuns(OpenClSession session, DeviceFacts facts) {
    this.session = session;
    this.facts = facts;
  }

  /**
   * Opens.
   *
   * @param device as in opencl:0.0, or opencl for the first GPU, or the first of all without one
   */
  public static DeviceRuns open(Graph graph, String device, Precision precision) {
    Discovery.Found found = find(device);
    return open(graph, found, OpenClPlan.of(found.facts(), precision));
  }

  /** Likewise, with neither work-groups that wait for each other nor matrix units. */
  public static DeviceRuns openPlain(Graph graph, String device, Precision precision) {
    Discovery.Found found = find(device);
    OpenClPlan plan = OpenClPlan.of(found.facts(), precision);
    return open(graph, found, plan.withPersistent(PersistentPlan.NONE).withoutMatrix());
  }

  /** How many tiles of lstm_persistent.cl there are to choose from. */
  public static int tiles(String device) {
    return OpenClPlan.of(find(device).facts()).persistent().shapes().size();
  }

  /** In single precision with one of these tiles, where the layers fit it. */
  public static DeviceRuns openTile(Graph graph, String device, int tile) {
    Discovery.Found found = find(device);
    OpenClPlan plan = OpenClPlan.of(found.facts());
    PersistentPlan persistent = plan.persistent();
    List<PersistentPlan.Shape> one = List.of(persistent.shapes().get(tile));
    return open(graph, found, plan.withPersistent(persistent.withShapes(one)));
  }

  private static DeviceRuns open(Graph graph, Discovery.Found found, OpenClPlan plan) {
    ProgramCache cache = ProgramCache.inUserFolder();
    return new DeviceRuns(OpenClSession.open(graph, found, plan, cache, ""), found.facts());
  }

  static Discovery.Found find(String device) {
    List<Discovery.Found> all = Discovery.run().found();
    return all.stream()
        .filter(f -> device.equals("opencl") ? !f.facts().cpu() : f.device().id().equals(device))
        .findFirst()
        .or(() -> device.equals("opencl") ? all.stream().findFirst() : java.util.Optional.empty())
        .orElseThrow(() -> new DeviceException("no device " + device));
  }

  /** Name of the device. */
  public String name() {
    return facts.name();
  }

  /** Version of its driver. */
  public String driver() {
    return facts.driver();
  }

  /** Kernels of the layers, after a run. */
  public List<String> variants() {
    return session.variants();
  }

  /** One whole run. */
  public Map<String, Tensor> run(Map<String, Tensor> inputs) {
    return session.run(inputs);
  }

  /**
   * Milliseconds of one run on the device, after a {@link #run}: the median of {@code samples},
   * each of {@code repeats} runs one after another that are waited for together.
   */
  public double milliseconds(int samples, int repeats) {
    session.replay(repeats);
    double[] times = new double[samples];
    for (int k = 0; k < samples; k++) {
      long start = System.nanoTime();
      session.replay(repeats);
      times[k] = (System.nanoTime() - start) / 1e6 / repeats;
    }
    Arrays.sort(times);
    return times[samples / 2];
  }

  @Override
  public void close() {
    session.close();
  }
}
