package dev.lethe.backend.opencl;

import dev.lethe.DeviceException;
import dev.lethe.Tensor;
import dev.lethe.backend.GateTrace;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.RunTimes;
import dev.lethe.backend.StateTable;
import dev.lethe.network.Activation;
import dev.lethe.network.Binary;
import dev.lethe.network.Constant;
import dev.lethe.network.Dense;
import dev.lethe.network.Embedding;
import dev.lethe.network.Graph;
import dev.lethe.network.LayerNorm;
import dev.lethe.network.Lstm;
import dev.lethe.network.Reshape;
import dev.lethe.network.SelectStep;
import dev.lethe.network.Softmax;
import dev.lethe.network.Stage;
import dev.lethe.network.StepMask;
import dev.lethe.network.StreamingGraph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A network on an OpenCL device. Weights are uploaded and kernels compiled when it is opened,
 * buffers are made when sizes change; a run copies in, starts the stages one after another without
 * waiting, and copies out.
 */
final class OpenClSession extends GraphSession {
  private final Context context;
  private final Programs programs;
  private final Values values;
  private final List<StageRunner> runners;
  private final PersistentGuard guard;
  // empty until the first run, and after one that failed to allocate
  private Optional<Map<String, Integer>> boundSizes = Optional.empty();
  private List<Runnable> bound = List.of();

  private OpenClSession(
      Graph graph,
      Discovery.Found found,
      String choice,
      Context context,
      Programs programs,
      List<StageRunner> runners,
      PersistentGuard guard,
      Values values) {
    super(graph, found.device(), choice);
    this.context = context;
    this.programs = programs;
    this.runners = runners;
    this.guard = guard;
    this.values = values;
  }

  /** Compiles and uploads; leaves nothing behind when that fails. */
  static OpenClSession open(
      Graph graph, Discovery.Found found, OpenClPlan plan, ProgramCache cache, String choice) {
    Context context = Context.open(found);
    Programs programs = new Programs(context, cache);
    List<StageRunner> runners = new ArrayList<>();
    Values values = new Values(context, graph);
    try {
      PersistentGuard guard = new PersistentGuard(context);
      List<Stage> stages =
          graph.steps().stream().filter(stage -> !(stage instanceof Reshape)).toList();
      for (int k = 0; k < stages.size(); k++) {
        if (k + 1 < stages.size()
            && stages.get(k) instanceof Lstm lower
            && stages.get(k + 1) instanceof Lstm upper
            && LstmPair.stacked(lower, upper, values)) {
          runners.add(new LstmPair(lower, upper, context, programs, plan, guard));
          k++;
        } else {
          runners.add(runner(stages.get(k), context, programs, plan, guard));
        }
      }
      context.finish();
      return new OpenClSession(graph, found, choice, context, programs, runners, guard, values);
    } catch (RuntimeException | Error e) {
      runners.forEach(StageRunner::close);
      programs.close();
      context.close();
      throw e;
    }
  }

  private static StageRunner runner(
      Stage stage, Context context, Programs programs, OpenClPlan plan, PersistentGuard guard) {
    if (stage instanceof Lstm lstm) {
      return new LstmLayer(lstm, context, programs, plan, guard);
    } else if (stage instanceof Dense dense) {
      return new Product.DenseRunner(dense, context, programs, plan);
    } else if (stage instanceof Activation activation) {
      return Elementwise.of(activation, programs, plan);
    } else if (stage instanceof Binary binary) {
      return Elementwise.of(binary, programs, plan);
    } else if (stage instanceof Softmax softmax) {
      return new SoftmaxKernel(softmax, programs, plan);
    } else if (stage instanceof LayerNorm norm) {
      return new LayerNormKernel(norm, context, programs, plan);
    } else if (stage instanceof StepMask mask) {
      return new StepMaskKernel(mask, programs, plan);
    } else if (stage instanceof Embedding embedding) {
      return new Move.EmbeddingRunner(embedding, context, programs, plan);
    } else if (stage instanceof SelectStep select) {
      return new Move.SelectStepRunner(select, programs, plan);
    } else if (stage instanceof Constant constant) {
      return new Move.ConstantRunner(constant, context);
    }
    return new Move.Copies(stage, context, programs, plan);
  }

  @Override
  protected void allocate(Map<String, Integer> sizes) {
    if (boundSizes.isPresent() && boundSizes.get().equals(sizes)) {
      return;
    }
    boundSizes = Optional.empty();
    bound = List.of();
    context.finish();
    values.forgetOrders();
    try {
      bound = bind(sizes);
    } catch (DeviceException e) {
      // what is too large for the device is not to be in the way of a smaller batch
      values.close();
      throw e;
    }
    boundSizes = Optional.of(Map.copyOf(sizes));
  }

  private List<Runnable> bind(Map<String, Integer> sizes) {
    values.allocate(network(), sizes);
    // scratch memory is shared and may grow while stages bind, which makes earlier bindings stale
    runners.forEach(runner -> runner.bind(sizes, values));
    List<Runnable> runs = new ArrayList<>();
    runners.forEach(runner -> runs.add(runner.bind(sizes, values)));
    return runs;
  }

  @Override
  protected void execute(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    execute(bound, given, wanted);
  }

  @Override
  protected RunTimes executeTimed(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    Runnable compute =
        () -> {
          compute(bound);
          context.finish();
        };
    try {
      return RunTimes.of(() -> copyIn(given), compute, () -> copyOut(wanted), context::launches);
    } catch (RuntimeException | Error e) {
      forget();
      throw e;
    }
  }

  @Override
  protected void executeTraced(
      Map<String, Integer> sizes,
      Map<String, Tensor> given,
      Map<String, Tensor> wanted,
      List<GateTrace> gates) {
    try (GateBuffers buffers = new GateBuffers(context, gates)) {
      List<Runnable> runs = new ArrayList<>(bound);
      for (int k = 0; k < runs.size(); k++) {
        if (runners.get(k) instanceof LstmRunner layers) {
          runs.set(k, layers.bindTraced(sizes, values, buffers));
        }
      }
      buffers.clear();
      execute(runs, given, wanted);
      buffers.read(values);
    } catch (RuntimeException | Error e) {
      forget();
      throw e;
    }
  }

  private void execute(List<Runnable> runs, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    try {
      copyIn(given);
      compute(runs);
      copyOut(wanted);
    } catch (RuntimeException | Error e) {
      forget();
      throw e;
    }
  }

  /**
   * After a failure nobody knows what is on the device but the weights: orders of sequences, words
   * that work-groups wait for. The next run makes all of it anew.
   */
  private void forget() {
    boundSizes = Optional.empty();
    bound = List.of();
    forgetRoom();
  }

  private void compute(List<Runnable> runs) {
    runs.forEach(Runnable::run);
    if (guard.failed()) {
      runs.forEach(Runnable::run); // in the other way, which cannot fail so
    }
  }

  private void copyIn(Map<String, Tensor> given) {
    for (Graph.Entry entry : network().entries()) {
      Tensor tensor = given.get(entry.value().name());
      if (tensor != null) {
        context.write(values.of(entry.value()), tensor.bytes());
      }
    }
    values.update(given);
  }

  private void copyOut(Map<String, Tensor> wanted) {
    for (Graph.Result result : network().results()) {
      Tensor target = wanted.get(result.name());
      if (target != null) {
        context.read(values.of(result.value()), target.bytes());
      }
    }
    context.finish();
  }

  /**
   * Does the last run's work on the device again, so many times and without transfers, and waits:
   * for measurements.
   */
  void replay(int times) {
    for (int k = 0; k < times; k++) {
      bound.forEach(Runnable::run);
    }
    context.finish();
    if (guard.failed()) {
      throw new DeviceException("work-groups waited for each other in vain");
    }
  }

  /**
   * Milliseconds of the last run's work on the device: the median of {@code samples}, each of
   * {@code repeats} runs one after another that are waited for together.
   */
  double milliseconds(int samples, int repeats) {
    replay(repeats);
    double[] times = new double[samples];
    for (int k = 0; k < samples; k++) {
      long start = System.nanoTime();
      replay(repeats);
      times[k] = (System.nanoTime() - start) / 1e6 / repeats;
    }
    Arrays.sort(times);
    return times[samples / 2];
  }

  @Override
  protected List<String> layerKernels() {
    if (boundSizes.isEmpty()) {
      return List.of();
    }
    Map<String, Integer> sizes = boundSizes.get();
    return runners.stream()
        .filter(LstmRunner.class::isInstance)
        .flatMap(runner -> ((LstmRunner) runner).variants(sizes).stream())
        .toList();
  }

  /** Whether kernels whose groups wait for each other have met with no failure. */
  boolean persistentUsable() {
    return guard.usable();
  }

  @Override
  protected StateTable openStates(StreamingGraph streaming, int capacity) {
    return new OpenClStates(streaming.states(), capacity, context, programs, values);
  }

  @Override
  protected void release() {
    runners.forEach(StageRunner::close);
    values.close();
    guard.close();
    programs.close();
    context.close();
  }
}
