package dev.lethe.backend;

import dev.lethe.Device;
import dev.lethe.InputException;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.Trace;
import dev.lethe.network.Graph;
import dev.lethe.network.StreamingGraph;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What sessions share: a run's arguments are checked here, so that backends hold arithmetic alone.
 */
public abstract class GraphSession implements Session {
  private final Graph graph;
  private final Device device;
  private final String choice;
  private final RunInputs inputs;
  // the sizes of the last run, if there is room for them and the next run may skip asking
  private Optional<Map<String, Integer>> allocated = Optional.empty();
  private boolean closed;

  /** For a session that owns nothing yet. */
  protected GraphSession(Graph graph, Device device, String choice) {
    this.graph = graph;
    this.device = device;
    this.choice = choice;
    this.inputs = new RunInputs(graph);
  }

  /** Makes room for these sizes. Called with the session's lock held. */
  protected abstract void allocate(Map<String, Integer> sizes);

  /**
   * Runs. Called with the session's lock held.
   *
   * @param sizes of every named size
   * @param given every input of the graph but for states by name, checked
   * @param wanted some of its outputs by name, checked, to be overwritten
   */
  protected abstract void execute(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted);

  /**
   * Runs as {@link #execute} does, but waits for each part. Called with the session's lock held.
   */
  protected abstract RunTimes executeTimed(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted);

  /** For {@link #peak}. Called with the session's lock held. */
  protected Optional<Peak> measurePeak(Duration most) {
    return Optional.empty();
  }

  /** For {@link #kernels}. Called with the session's lock held. */
  protected List<String> layerKernels() {
    return List.of();
  }

  /**
   * Runs, keeping what the LSTM layers compute. Called with the session's lock held.
   *
   * @param sizes of every named size
   * @param given every input of the graph by name, checked
   * @param wanted every output by name, to be overwritten
   * @param gates of each direction of each layer, in the order of the graph, all zeros, to be
   *     filled
   */
  protected abstract void executeTraced(
      Map<String, Integer> sizes,
      Map<String, Tensor> given,
      Map<String, Tensor> wanted,
      List<GateTrace> gates);

  /**
   * A table of states. What {@link #execute} finds no tensor for stays as the table left it.
   *
   * @param streaming whose graph this session runs
   * @throws InputException when there can be no so many sequences
   */
  protected abstract StateTable openStates(StreamingGraph streaming, int capacity);

  /** Frees everything. Called once, with the session's lock held. */
  protected abstract void release();

  @Override
  public final Graph network() {
    return graph;
  }

  @Override
  public final Device device() {
    return device;
  }

  @Override
  public final String choice() {
    return choice;
  }

  @Override
  public final synchronized void prepare(Map<String, Integer> sizes) {
    requireOpen();
    graph.entries().forEach(entry -> entry.value().shape().resolve(sizes));
    allocated = Optional.empty();
    allocate(sizes);
  }

  @Override
  public final synchronized void run(Map<String, Tensor> given, Map<String, Tensor> wanted) {
    requireOpen();
    RunInputs.Checked checked = inputs.check(given);
    checkOutputs(checked, wanted);
    makeRoom(checked);
    execute(checked.sizes(), checked.tensors(), wanted);
  }

  @Override
  public final synchronized Map<String, Tensor> run(Map<String, Tensor> given) {
    requireOpen();
    RunInputs.Checked checked = inputs.check(given);
    Map<String, Tensor> outputs = outputs(checked.sizes());
    makeRoom(checked);
    execute(checked.sizes(), checked.tensors(), outputs);
    return outputs;
  }

  /**
   * Like {@link #run(Map, Map)}, with times. Waiting between the parts takes some microseconds,
   * which {@code run} does not spend.
   */
  public final synchronized RunTimes time(Map<String, Tensor> given, Map<String, Tensor> wanted) {
    requireOpen();
    RunInputs.Checked checked = inputs.check(given);
    checkOutputs(checked, wanted);
    makeRoom(checked);
    return executeTimed(checked.sizes(), checked.tensors(), wanted);
  }

  /**
   * For whoever takes times: returns once runs take as long as they will from then on, as far as
   * that is not a matter of running; after half a minute anyway.
   */
  public void warmUp() {}

  /**
   * What the device could do at most in single precision, if that is cheap to find out. The session
   * does nothing else meanwhile.
   *
   * @param most how long it may take; mostly a fraction of a second does
   */
  public final synchronized Optional<Peak> peak(Duration most) {
    requireOpen();
    return measurePeak(most);
  }

  /**
   * Which kernel the recurrence of each LSTM layer takes for the last run's sizes, how it is cut,
   * and whether that was tuned; empty where there are no kernels, or no run yet.
   */
  public final synchronized List<String> kernels() {
    requireOpen();
    return layerKernels();
  }

  /** Like {@link #run(Map)}, on from the rows {@code ids} of a table, which it replaces. */
  final synchronized Map<String, Tensor> step(
      StateTable table, int[] ids, Map<String, Tensor> given) {
    requireOpen();
    RunInputs.Checked checked = inputs.check(given);
    Map<String, Tensor> outputs = outputs(checked.sizes());
    step(table, ids, checked, outputs);
    return outputs;
  }

  /** Like {@link #run(Map, Map)}, on from the rows {@code ids} of a table, which it replaces. */
  final synchronized void step(
      StateTable table, int[] ids, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    requireOpen();
    RunInputs.Checked checked = inputs.check(given);
    checkOutputs(checked, wanted);
    step(table, ids, checked, wanted);
  }

  private void step(
      StateTable table, int[] ids, RunInputs.Checked checked, Map<String, Tensor> wanted) {
    int sequences = graph.lstms().findFirst().orElseThrow().batch().resolve(checked.sizes());
    if (ids.length != sequences) {
      throw new InputException(
          "the inputs hold " + sequences + " sequences, but there are " + ids.length + " ids");
    }
    makeRoom(checked);
    table.gather(ids);
    execute(checked.sizes(), checked.tensors(), wanted);
    table.scatter(ids);
  }

  @Override
  public final synchronized Trace trace(Map<String, Tensor> given) {
    requireOpen();
    RunInputs.Checked checked = inputs.check(given);
    Map<String, Tensor> outputs = outputs(checked.sizes());
    List<GateTrace> gates = GateTrace.of(graph, checked.sizes());
    makeRoom(checked);
    executeTraced(checked.sizes(), checked.tensors(), outputs, gates);
    return new Trace(outputs, gates.stream().map(GateTrace::layer).toList());
  }

  private Map<String, Tensor> outputs(Map<String, Integer> sizes) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    for (Graph.Result result : graph.results()) {
      outputs.put(
          result.name(),
          Tensor.allocate(result.value().type(), result.value().shape().resolve(sizes)));
    }
    return outputs;
  }

  @Override
  public final synchronized void close() {
    if (!closed) {
      closed = true;
      release();
    }
  }

  /** Lets the next run ask for room again, whatever its sizes. */
  protected final void forgetRoom() {
    allocated = Optional.empty();
  }

  private void makeRoom(RunInputs.Checked checked) {
    if (allocated.isEmpty() || allocated.get() != checked.sizes()) {
      allocated = Optional.empty();
      allocate(checked.sizes());
      allocated = Optional.of(checked.sizes());
    }
  }

  private void checkOutputs(RunInputs.Checked checked, Map<String, Tensor> wanted) {
    int known = 0;
    for (int k = 0; k < graph.results().size(); k++) {
      Graph.Result result = graph.results().get(k);
      Tensor tensor = wanted.get(result.name());
      if (tensor != null) {
        known++;
        checkOutput(result, tensor, checked.sizes());
        checkApart(result, tensor, checked.tensors());
      }
    }
    if (known < wanted.size()) {
      List<String> names = graph.results().stream().map(Graph.Result::name).toList();
      for (String name : wanted.keySet()) {
        if (!names.contains(name)) {
          throw new InputException("no output '" + name + "'; there are " + names);
        }
      }
    }
  }

  private static void checkOutput(Graph.Result result, Tensor tensor, Map<String, Integer> sizes) {
    Shape shape = result.value().shape();
    boolean fits = tensor.type() == result.value().type() && tensor.rank() == shape.rank();
    for (int axis = 0; fits && axis < shape.rank(); axis++) {
      fits = tensor.dimension(axis) == shape.dim(axis).resolve(sizes);
    }
    if (!fits) {
      throw new InputException(
          "output '"
              + result.name()
              + "' must be "
              + result.value().type()
              + Arrays.toString(shape.resolve(sizes))
              + ", is "
              + tensor);
    }
    if (tensor.isReadOnly()) {
      throw new InputException("output '" + result.name() + "' is read-only");
    }
  }

  private void checkApart(Graph.Result result, Tensor tensor, Map<String, Tensor> given) {
    for (int k = 0; k < graph.entries().size(); k++) {
      String name = graph.entries().get(k).value().name();
      if (given.get(name) == tensor) {
        throw new InputException(
            "output '" + result.name() + "' is the tensor of input '" + name + "'");
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the session is closed");
    }
  }
}
