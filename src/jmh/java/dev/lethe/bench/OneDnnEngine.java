package dev.lethe.bench;

import dev.lethe.Tensor;
import dev.lethe.network.LstmShape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.dnnl_version_t;
import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.lstm_forward;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory.data_type;
import org.bytedeco.dnnl.memory.format_tag;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * oneDNN's primitive lstm_forward for inference on the CPU, one for each layer: x and y time-major
 * as they are, weights reordered once to the format that the primitive asks for.
 */
final class OneDnnEngine implements Engine {
  private static final String THREADS = "OMP_NUM_THREADS";

  private final LstmShape shape;
  private final int threads;
  private final engine cpu;
  private final stream queue;
  private final List<Layer> layers = new ArrayList<>();

  /** What the primitives point to. */
  private final List<Pointer> held = new ArrayList<>();

  private final FloatBuffer y;

  private record Layer(lstm_forward primitive, IntMemoryMap arguments) {}

  /**
   * @throws IllegalArgumentException for another number of threads than the environment has: oneDNN
   *     takes it from there alone
   */
  OneDnnEngine(LstmShape shape, int threads) {
    this.shape = shape;
    this.threads = threads;
    String set = System.getenv(THREADS);
    int actual = set == null ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(set);
    if (actual != threads) {
      throw new IllegalArgumentException(
          "engine onednn would run " + actual + " threads; set " + THREADS + "=" + threads);
    }
    if (System.getProperty("org.bytedeco.javacpp.cachedir") == null) {
      Path unpacked = Path.of(System.getProperty("java.io.tmpdir"), "lethe-benchmark-onednn");
      System.setProperty("org.bytedeco.javacpp.cachedir", unpacked.toString());
    }
    cpu = new engine(engine.kind.cpu, 0);
    queue = new stream(cpu);
    FloatBuffer values = direct(shape.input().toFloatArray());
    for (List<LstmShape.Weights> weights : shape.weights()) {
      FloatBuffer next = direct(new float[shape.steps() * shape.batch() * shape.outputSize()]);
      layers.add(layer(weights, values, next));
      values = next;
    }
    y = values;
  }

  @Override
  public String description() {
    dnnl_version_t version = dnnl.dnnl_version();
    return "oneDNN %d.%d.%d, %d threads"
        .formatted(version.major(), version.minor(), version.patch(), threads);
  }

  @Override
  public void run() {
    for (Layer layer : layers) {
      layer.primitive().execute(queue, layer.arguments());
    }
    queue._wait();
  }

  @Override
  public Tensor y() {
    float[] values = new float[y.capacity()];
    y.get(0, values);
    return Tensor.of(values, shape.steps(), shape.batch(), shape.outputSize());
  }

  @Override
  public void close() {
    layers.forEach(
        layer -> {
          layer.arguments().close();
          layer.primitive().close();
        });
    queue.close();
    cpu.close();
    held.forEach(Pointer::close);
  }

  private Layer layer(List<LstmShape.Weights> weights, FloatBuffer from, FloatBuffer to) {
    int directions = weights.size();
    int read = weights.get(0).inputSize();
    int hidden = shape.hiddenSize();
    long[] wDims = {1, directions, read, LstmShape.GATES, hidden};
    long[] rDims = {1, directions, hidden, LstmShape.GATES, hidden};
    long[] bDims = {1, directions, LstmShape.GATES, hidden};
    memory.desc xDesc = desc(format_tag.tnc, shape.steps(), shape.batch(), read);
    memory.desc yDesc = desc(format_tag.tnc, shape.steps(), shape.batch(), shape.outputSize());
    memory.desc bDesc = desc(format_tag.ldgo, bDims);
    lstm_forward.primitive_desc primitive =
        new lstm_forward.primitive_desc(
            cpu,
            dnnl.prop_kind.forward_inference,
            directions == 2
                ? dnnl.rnn_direction.bidirectional_concat
                : dnnl.rnn_direction.unidirectional_left2right,
            xDesc,
            none(),
            none(),
            desc(format_tag.any, wDims),
            desc(format_tag.any, rDims),
            bDesc,
            yDesc,
            none(),
            none());
    // The gates i, f, g, o stand in oneDNN's order. [4*H, I] is [G, O, I] in its letters.
    memory w =
        reordered(
            memory(desc(format_tag.ldgoi, wDims), joined(weights, LstmShape.Weights::input)),
            primitive.weights_layer_desc());
    memory r =
        reordered(
            memory(desc(format_tag.ldgoi, rDims), joined(weights, LstmShape.Weights::recurrent)),
            primitive.weights_iter_desc());
    IntMemoryMap arguments = new IntMemoryMap();
    arguments.put(dnnl.DNNL_ARG_SRC_LAYER, memory(xDesc, from));
    arguments.put(dnnl.DNNL_ARG_WEIGHTS_LAYER, w);
    arguments.put(dnnl.DNNL_ARG_WEIGHTS_ITER, r);
    arguments.put(dnnl.DNNL_ARG_BIAS, memory(bDesc, joined(weights, LstmShape.Weights::bias)));
    arguments.put(dnnl.DNNL_ARG_DST_LAYER, memory(yDesc, to));
    return new Layer(new lstm_forward(primitive), arguments);
  }

  private memory reordered(memory from, memory.desc format) {
    memory to = new memory(format, cpu);
    held.add(to);
    new reorder(from, to).execute(queue, from, to);
    queue._wait();
    return to;
  }

  private memory memory(memory.desc desc, FloatBuffer values) {
    FloatPointer pointer = new FloatPointer(values);
    memory memory = new memory(desc, cpu, pointer);
    held.add(pointer);
    held.add(memory);
    return memory;
  }

  private static memory.desc desc(format_tag format, long... dims) {
    return new memory.desc(dims, data_type.f32, format);
  }

  /** No initial state, no final one. */
  private static memory.desc none() {
    return new memory.desc();
  }

  private static FloatBuffer joined(
      List<LstmShape.Weights> directions, Function<LstmShape.Weights, float[]> part) {
    int length = directions.stream().mapToInt(weights -> part.apply(weights).length).sum();
    float[] all = new float[length];
    int at = 0;
    for (LstmShape.Weights weights : directions) {
      float[] values = part.apply(weights);
      System.arraycopy(values, 0, all, at, values.length);
      at += values.length;
    }
    return direct(all);
  }

  private static FloatBuffer direct(float[] values) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(Float.BYTES * values.length);
    return bytes.order(ByteOrder.nativeOrder()).asFloatBuffer().put(values).flip();
  }
}
