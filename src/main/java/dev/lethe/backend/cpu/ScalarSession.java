package dev.lethe.backend.cpu;

import dev.lethe.Device;
import dev.lethe.Precision;
import dev.lethe.Tensor;
import dev.lethe.backend.GateTrace;
import dev.lethe.backend.GraphSession;
import dev.lethe.backend.Int8Rows;
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
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The reference: what every device is held against. Weights are the network's floats; every value
 * between inputs and outputs is a double, integers too, and is rounded once, on its way out.
 *
 * <p>Threads: as {@link dev.lethe.Session} says.
 */
public final class ScalarSession extends GraphSession {
  private final Map<String, double[]> values = new HashMap<>();
  private final Map<Lstm, Lstm> layers = new IdentityHashMap<>();
  private List<GateTrace> traces = List.of();

  /**
   * Opens; there is nothing to compile.
   *
   * @param precision fp32, or int8, in which LSTM weights are those that the integers stand for
   */
  public ScalarSession(Graph graph, Device device, String choice, Precision precision) {
    super(graph, device, choice);
    graph
        .lstms()
        .forEach(
            lstm ->
                layers.put(lstm, precision == Precision.INT8 ? Int8Rows.dequantized(lstm) : lstm));
  }

  /**
   * Every output of {@code graph} before it is rounded.
   *
   * @param inputs as {@link dev.lethe.Session#run(Map)} takes them
   * @return by name, row-major; a copy
   */
  public static Map<String, double[]> outputs(Graph graph, Map<String, Tensor> inputs) {
    return outputs(graph, inputs, Precision.FP32);
  }

  /**
   * Likewise, with the LSTM weights that a precision stands for.
   *
   * @param precision fp32 or int8
   */
  public static Map<String, double[]> outputs(
      Graph graph, Map<String, Tensor> inputs, Precision precision) {
    try (ScalarSession session = new ScalarSession(graph, CpuBackend.REFERENCE, "", precision)) {
      session.run(inputs, Map.of());
      Map<String, double[]> outputs = new HashMap<>();
      for (Graph.Result result : graph.results()) {
        outputs.put(result.name(), session.of(result.value()).clone());
      }
      return outputs;
    }
  }

  @Override
  protected void allocate(Map<String, Integer> sizes) {
    // each run makes its own arrays: this path is for being read, not for speed
  }

  @Override
  protected void execute(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    copyIn(given);
    compute(sizes);
    copyOut(wanted);
  }

  @Override
  protected RunTimes executeTimed(
      Map<String, Integer> sizes, Map<String, Tensor> given, Map<String, Tensor> wanted) {
    return RunTimes.of(() -> copyIn(given), () -> compute(sizes), () -> copyOut(wanted), () -> 0);
  }

  private void copyIn(Map<String, Tensor> given) {
    given.forEach((name, tensor) -> values.put(name, doubles(tensor)));
  }

  private void compute(Map<String, Integer> sizes) {
    for (Stage stage : network().steps()) {
      run(stage, sizes);
    }
  }

  private void copyOut(Map<String, Tensor> wanted) {
    for (Graph.Result result : network().results()) {
      Tensor tensor = wanted.get(result.name());
      if (tensor != null) {
        write(of(result.value()), tensor);
      }
    }
  }

  @Override
  protected void executeTraced(
      Map<String, Integer> sizes,
      Map<String, Tensor> given,
      Map<String, Tensor> wanted,
      List<GateTrace> gates) {
    traces = gates;
    try {
      execute(sizes, given, wanted);
    } finally {
      traces = List.of();
    }
    for (GateTrace trace : gates) {
      trace.hidden(FloatBuffer.wrap(floats(of(trace.lstm().y()))));
    }
  }

  @Override
  protected StateTable openStates(StreamingGraph streaming, int capacity) {
    return new HostStates(
        streaming.states(),
        capacity,
        Double.BYTES,
        new HostStates.Memory() {
          @Override
          public Object make(int elements) {
            return new double[elements];
          }

          @Override
          public Object initial(Value value, int elements) {
            double[] array = new double[elements];
            values.put(value.name(), array);
            return array;
          }

          @Override
          public Object last(Value value) {
            return of(value);
          }
        });
  }

  @Override
  protected void release() {
    values.clear();
  }

  private void run(Stage stage, Map<String, Integer> sizes) {
    if (stage instanceof Lstm lstm) {
      lstm(lstm, sizes);
    } else if (stage instanceof Concat concat) {
      move(StridedCopy.of(concat, sizes), concat.y(), sizes);
    } else if (stage instanceof Slice slice) {
      move(List.of(StridedCopy.of(slice, sizes)), slice.y(), sizes);
    } else if (stage instanceof Transpose transpose) {
      move(List.of(StridedCopy.of(transpose, sizes)), transpose.y(), sizes);
    } else if (stage instanceof Expand expand) {
      move(List.of(StridedCopy.of(expand, sizes)), expand.y(), sizes);
    } else {
      values.put(stage.outputs().get(0).name(), single(stage, sizes));
    }
  }

  /** The output of a stage that has one only. */
  private double[] single(Stage stage, Map<String, Integer> sizes) {
    if (stage instanceof Dense dense) {
      return ScalarStages.dense(dense, of(dense.x()));
    } else if (stage instanceof Embedding embedding) {
      return ScalarStages.embedding(embedding, of(embedding.ids()));
    } else if (stage instanceof Activation activation) {
      return Arrays.stream(of(activation.x()))
          .map(x -> ScalarFunctions.apply(activation.function(), x))
          .toArray();
    } else if (stage instanceof Softmax softmax) {
      int width = softmax.x().shape().dim(-1).resolve(sizes);
      return ScalarStages.softmax(softmax, of(softmax.x()), width);
    } else if (stage instanceof LayerNorm norm) {
      return ScalarStages.layerNorm(norm, of(norm.x()));
    } else if (stage instanceof StepMask mask) {
      return ScalarStages.stepMask(mask, of(mask.x()), mask.width().resolve(sizes));
    } else if (stage instanceof SelectStep select) {
      int[] shape = select.x().shape().resolve(sizes);
      return ScalarStages.selectStep(select, of(select.x()), of(select.lengths()), shape);
    } else if (stage instanceof Binary binary) {
      return ScalarStages.binary(binary, of(binary.a()), of(binary.b()));
    } else if (stage instanceof Reshape reshape) {
      return of(reshape.x());
    } else if (stage instanceof Constant constant) {
      return doubles(constant.data());
    }
    throw new IllegalStateException("no reference for " + stage.describe());
  }

  private void lstm(Lstm lstm, Map<String, Integer> sizes) {
    int steps = lstm.time().resolve(sizes);
    int sequences = lstm.batch().resolve(sizes);
    double[] lengths = new double[sequences];
    Arrays.fill(lengths, steps);
    Lstm weighted = Objects.requireNonNull(layers.get(lstm));
    ScalarLstm layer = new ScalarLstm(weighted, steps, sequences);
    layer.trace(GateTrace.of(traces, lstm));
    layer.run(
        of(lstm.x()),
        lstm.lengths().map(this::of).orElse(lengths),
        lstm.mask().map(this::of),
        state(lstm.initialH(), layer.finalH().length),
        state(lstm.initialC(), layer.finalC().length));
    values.put(lstm.y().name(), layer.y());
    values.put(lstm.finalH().name(), layer.finalH());
    values.put(lstm.finalC().name(), layer.finalC());
  }

  private double[] state(Optional<Value> initial, int size) {
    return initial.map(this::of).orElseGet(() -> new double[size]);
  }

  private void move(List<StridedCopy> copies, Value y, Map<String, Integer> sizes) {
    double[] target = new double[y.shape().count().resolve(sizes)];
    for (StridedCopy copy : copies) {
      ScalarStages.copy(copy, named(copy.from()), target);
    }
    values.put(y.name(), target);
  }

  private double[] of(Value value) {
    return named(value.name());
  }

  private double[] named(String name) {
    return Objects.requireNonNull(values.get(name), name);
  }

  private static double[] doubles(Tensor tensor) {
    double[] values = new double[tensor.size()];
    if (tensor.type() == Tensor.Type.INT32) {
      IntBuffer ints = tensor.ints();
      Arrays.setAll(values, ints::get);
    } else {
      FloatBuffer floats = tensor.floats();
      Arrays.setAll(values, floats::get);
    }
    return values;
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int k = 0; k < floats.length; k++) {
      floats[k] = (float) values[k];
    }
    return floats;
  }

  private static void write(double[] values, Tensor tensor) {
    if (tensor.type() == Tensor.Type.INT32) {
      IntBuffer ints = tensor.ints();
      for (double value : values) {
        ints.put((int) value);
      }
    } else {
      FloatBuffer floats = tensor.floats();
      for (double value : values) {
        floats.put((float) value);
      }
    }
  }
}
