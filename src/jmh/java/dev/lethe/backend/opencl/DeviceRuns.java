package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.network.Graph;
import dev.lethe.network.LstmShape;
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

  /** How many kernels and tiles there are to choose from for a layer's recurrence. */
  public static int candidates(LstmShape layer, String device, Precision precision) {
    OpenClPlan plan = OpenClPlan.of(find(device).facts(), precision);
    return plan.recurrences(LayerSizes.of(layer), Recurrence.Permitted.ALL).size();
  }

  /** With one of these wherever it can run. */
  public static DeviceRuns openCandidate(
      Graph graph, LstmShape layer, String device, Precision precision, int index) {
    Discovery.Found found = find(device);
    OpenClPlan plan = OpenClPlan.of(found.facts(), precision);
    LayerSizes sizes = LayerSizes.of(layer);
    Recurrence recurrence = plan.recurrences(sizes, Recurrence.Permitted.ALL).get(index);
    ProjectionTile product = plan.choose(sizes, Recurrence.Permitted.ALL).product();
    return open(graph, found, plan.only(new LayerChoice(product, recurrence, false)));
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
    return session.kernels();
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
    return session.milliseconds(samples, repeats);
  }

  /**
   * Milliseconds of one run from arrays to arrays in Java's memory: the median of {@code samples}.
   *
   * @param outputs to be overwritten
   */
  public double totalMilliseconds(
      int samples, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    session.run(inputs, outputs);
    double[] times = new double[samples];
    for (int k = 0; k < samples; k++) {
      long start = System.nanoTime();
      session.run(inputs, outputs);
      times[k] = (System.nanoTime() - start) / 1e6;
    }
    Arrays.sort(times);
    return times[samples / 2];
  }

  /** Kernels that a run starts. */
  public long launches(Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
    return session.time(inputs, outputs).launches();
  }

  @Override
  public void close() {
    session.close();
  }
}
