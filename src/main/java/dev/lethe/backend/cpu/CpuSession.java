package dev.lethe.backend.cpu;

import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.GateTrace;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Peak;
import dev.lethe.backend.RunTimes;
import dev.lethe.backend.StateTable;
import dev.lethe.backend.StridedCopy;
import dev.lethe.network.Activation;
import dev.lethe.network.Binary;
import dev.lethe.network.Concat;
import dev.lethe.network.Constant;
import dev.lethe.network.Dense;
import dev.lethe.network.Embedding;
import dev.lethe.network.Expand;
import dev.lethe.network.Graph;
import dev.lethe.network.LayerNorm;
import dev.lethe.network.Lstm;
import dev.lethe.network.Reshape;
import dev.lethe.network.SelectStep;
import dev.lethe.network.Slice;
import dev.lethe.network.Softmax;
import dev.lethe.network.Stage;
import dev.lethe.network.StepMask;
import dev.lethe.network.StreamingGraph;
import dev.lethe.network.Transpose;
import dev.lethe.network.Value;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The fast path in single precision. Weights are packed when the session opens; for each new set of
 * sizes the stages are bound to arrays once, and a run then allocates no arrays.
 *
 * <p>Threads: as {@link dev.lethe.Session} says; a run spreads over the session's own threads.
 */
final class CpuSession extends GraphSession {
  private final Kernels kernels;
  private final Workers workers;
  private final Buffers buffers = new Buffers();
  private final Map<Stage, CpuLstm> lstms = new IdentityHashMap<>();
  private final Map<Stage, CpuDense> denses = new IdentityHashMap<>();
  private final List<Runnable> plan = new ArrayList<>();
  private Map<String, Integer> planned = Map.of();
  private boolean ready;

  /**
   * @param precision of the input and recurrent weights of LSTM layers
   */
  CpuSession(
      Graph graph,
      Device device,
      String choice,
      Kernels kernels,
      int threads,
      Precision precision) {
    super(graph, device, choice);
    this.kernels = kernels;
    for (Stage stage : graph.steps()) {
      if (stage instanceof Lstm lstm) {
        lstms.put(stage, new CpuLstm(lstm, kernels, precision));
      } else if (stage instanceof Dense dense) {
        denses.put(stage, new CpuDense(dense, kernels));
      }
    }
    workers = new Workers(threads);
    leaveWithCaller(graph);
  }

  /**
   * Marks what LSTM layers take from the caller's tensors and nobody else reads, and leave there.
   */
  private void leaveWithCaller(Graph graph) {
    Set<String> read = new HashSet<>();
    Set<String> shared = new HashSet<>();
    Stream.concat(
            graph.steps().stream().flatMap(stage -> stage.inputs().stream()),
            graph.results().stream().map(Graph.Result::value))
        .map(Value::name)
        .filter(name -> !read.add(name))
        .forEach(shared::add);
    Set<Value> given = new HashSet<>();
    graph.entries().forEach(entry -> given.add(entry.value()));
    Set<Value> wanted = new HashSet<>();
    graph.results().forEach(result -> wanted.add(result.value()));
    for (Lstm lstm : graph.lstms().toList()) {
      boolean alone = !shared.contains(lstm.x().name());
      if (alone && given.contains(lstm.x()) && Elements.pays(lstm.inputSize())) {
        buffers.direct(lstm.x());
      }
      alone = !shared.contains(lstm.y().name());
      if (alone && wanted.contains(lstm.y()) && Elements.pays(lstm.outputSize())) {
        buffers.direct(lstm.y());
      }
    }
  }

  @Override
  protected void allocate(Map<String, Integer> sizes) {
    if (ready && planned.equals(sizes)) {
      return;
    }
    ready = false;
    plan.clear();
    network().entries().forEach(entry -> buffers.allocate(entry.value(), sizes));
    for (Stage stage : network().steps()) {
      if (stage instanceof Reshape reshape) {
        buffers.alias(reshape.y(), reshape.x());
      } else {
        stage.outputs().forEach(output -> buffers.allocate(output, sizes));
        plan(stage, sizes).forEach(plan::add);
      }
    }
    planned = Map.copyOf(sizes);
    ready = true;
  }

  @Override
  protected void execute(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    copyIn(given, wanted);
    compute();
    copyOut(wanted);
  }

  @Override
  protected RunTimes executeTimed(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    return RunTimes.of(() -> copyIn(given, wanted), this::compute, () -> copyOut(wanted), () -> 0);
  }

  // counted loops: a run makes no objects

  private void copyIn(Map<String, Tensor> given, Map<String, Tensor> wanted) {
    List<Graph.Entry> entries = network().entries();
    for (int k = 0; k < entries.size(); k++) {
      Tensor tensor = given.get(entries.get(k).value().name());
      if (tensor != null) {
        buffers.read(entries.get(k).value(), tensor);
      }
    }
    List<Graph.Result> results = network().results();
    for (int k = 0; k < results.size(); k++) {
      buffers.bind(results.get(k).value(), wanted.get(results.get(k).name()));
    }
  }

  private void compute() {
    for (int k = 0; k < plan.size(); k++) {
      plan.get(k).run();
    }
  }

  private void copyOut(Map<String, Tensor> wanted) {
    List<Graph.Result> results = network().results();
    for (int k = 0; k < results.size(); k++) {
      Tensor tensor = wanted.get(results.get(k).name());
      if (tensor != null) {
        buffers.write(results.get(k).value(), tensor);
      }
    }
  }

  @Override
  protected void executeTraced(
      Map<String, Integer> sizes,
      Map<String, Tensor> given,
      Map<String, Tensor> wanted,
      List<GateTrace> gates) {
    network().lstms().forEach(lstm -> lstm(lstm).trace(GateTrace.of(gates, lstm)));
    try {
      execute(sizes, given, wanted);
    } finally {
      network().lstms().forEach(lstm -> lstm(lstm).trace(List.of()));
    }
    gates.forEach(trace -> trace.hidden(buffers.elements(trace.lstm().y()).floats()));
  }

  @Override
  public void warmUp() {
    kernels.warmUp();
  }

  @Override
  protected Optional<Peak> measurePeak(Duration most) {
    return CpuPeak.measure(kernels, workers, most);
  }

  @Override
  protected StateTable openStates(StreamingGraph streaming, int capacity) {
    return new HostStates(
        streaming.states(),
        capacity,
        Float.BYTES,
        new HostStates.Memory() {
          @Override
          public Object make(int elements) {
            return new float[elements];
          }

          @Override
          public Object initial(Value value, int elements) {
            return buffers.floats(value);
          }

          @Override
          public Object last(Value value) {
            return buffers.floats(value);
          }
        });
  }

  @Override
  protected void release() {
    workers.close();
    plan.clear();
  }

  private Stream<Runnable> plan(Stage stage, Map<String, Integer> sizes) {
    if (stage instanceof Lstm lstm) {
      return Stream.of(lstm(lstm).plan(sizes, buffers, workers));
    } else if (stage instanceof Dense) {
      return Stream.of(Objects.requireNonNull(denses.get(stage)).plan(sizes, buffers, workers));
    } else if (stage instanceof Embedding embedding) {
      return Stream.of(CpuStages.embedding(embedding, sizes, buffers));
    } else if (stage instanceof Activation activation) {
      return Stream.of(CpuStages.activation(activation, sizes, buffers));
    } else if (stage instanceof Softmax softmax) {
      return Stream.of(CpuStages.softmax(softmax, sizes, buffers));
    } else if (stage instanceof LayerNorm norm) {
      return Stream.of(CpuStages.layerNorm(norm, sizes, buffers));
    } else if (stage instanceof StepMask mask) {
      return Stream.of(CpuStages.stepMask(mask, sizes, buffers));
    } else if (stage instanceof SelectStep select) {
      return Stream.of(CpuStages.selectStep(select, sizes, buffers));
    } else if (stage instanceof Binary binary) {
      return Stream.of(CpuStages.binary(binary, sizes, buffers));
    } else if (stage instanceof Constant constant) {
      buffers.read(constant.y(), constant.data());
      return Stream.empty();
    }
    return copies(stage, sizes);
  }

  private CpuLstm lstm(Lstm stage) {
    return Objects.requireNonNull(lstms.get(stage), stage::name);
  }

  private Stream<Runnable> copies(Stage stage, Map<String, Integer> sizes) {
    if (stage instanceof Slice slice) {
      return Stream.of(copy(slice.x(), slice.y(), StridedCopy.of(slice, sizes)));
    } else if (stage instanceof Transpose transpose) {
      return Stream.of(copy(transpose.x(), transpose.y(), StridedCopy.of(transpose, sizes)));
    } else if (stage instanceof Expand expand) {
      return Stream.of(copy(expand.x(), expand.y(), StridedCopy.of(expand, sizes)));
    } else if (stage instanceof Concat concat) {
      List<StridedCopy> parts = StridedCopy.of(concat, sizes);
      return Stream.iterate(0, k -> k < parts.size(), k -> k + 1)
          .map(k -> copy(concat.xs().get(k), concat.y(), parts.get(k)));
    }
    throw new IllegalStateException("the CPU cannot run " + stage.describe());
  }

  private Runnable copy(Value x, Value y, StridedCopy copy) {
    return x.type() == Tensor.Type.INT32
        ? CpuStages.copy(copy, buffers.ints(x), buffers.ints(y))
        : CpuStages.copy(copy, buffers.floats(x), buffers.floats(y));
  }
}
