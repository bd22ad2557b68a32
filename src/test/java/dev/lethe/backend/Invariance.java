package dev.lethe.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Stream;
import dev.lethe.Tensor;
import dev.lethe.backend.RandomNetwork.Ends;
import dev.lethe.backend.RandomNetwork.Sequence;
import dev.lethe.network.Graph;
import dev.lethe.network.StreamingGraph;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Function;

/**
 * Runs the sequences of a random network in many ways: each must have the bits that it has alone.
 * Bits of a sequence are [output][...], in the order of the network's outputs, without what follows
 * its end.
 */
public final class Invariance {
  /** What padding holds where nothing may read it. */
  private static final float[] NOISE = {7.25f, Float.NaN, Float.NEGATIVE_INFINITY, 1e30f};

  private final RandomNetwork network;
  private final Random random;

  /** Of a network; what is drawn here follows from its seed. */
  public Invariance(RandomNetwork network) {
    this.network = network;
    this.random = new Random(network.seed() + 1);
  }

  /** Each sequence in a batch of its own, as long as it is. */
  public int[][][] alone(Function<Graph, GraphSession> open) {
    int[][][] bits = new int[sequences().size()][][];
    try (Session session = open.apply(network.graph())) {
      for (int b = 0; b < bits.length; b++) {
        int steps = sequences().get(b).steps();
        bits[b] = run(session, List.of(b), Math.max(1, steps))[0];
      }
    }
    return bits;
  }

  /** All together, in any order, padded, some of them, and in pieces of a stream. */
  public void check(int[][][] alone, String how, Function<Graph, GraphSession> open) {
    List<Integer> rows = new ArrayList<>();
    for (int b = 0; b < sequences().size(); b++) {
      rows.add(b);
    }
    try (Session session = open.apply(network.graph())) {
      same(alone, rows, run(session, rows, most(rows)), how + ", together");
      Collections.shuffle(rows, random);
      same(alone, rows, run(session, rows, most(rows) + padding()), how + ", shuffled, padded");
      List<Integer> some = rows.subList(0, 1 + random.nextInt(rows.size()));
      same(alone, some, run(session, some, most(some)), how + ", some of them");
    }
    if (isStreamable()) {
      same(alone, rows, streamed(open, rows), how + ", in pieces");
    }
  }

  /**
   * A batch, padded.
   *
   * @param rows which sequences, in which order
   */
  public Map<String, Tensor> inputs(List<Integer> rows, int steps) {
    return inputs(rows, new int[rows.size()], steps(rows), steps);
  }

  /** Bits of each row of a batch, whatever follows the ends of its sequences. */
  public int[][][] bits(Map<String, Tensor> outputs, List<Integer> rows) {
    return bits(outputs, steps(rows));
  }

  /** The padding, if any, that the network can tell from a sequence. */
  public int padding() {
    return network.ends() == Ends.NOWHERE ? 0 : random.nextInt(13);
  }

  /** Most steps of a sequence, at least 1. */
  public int most(List<Integer> rows) {
    return Math.max(1, Arrays.stream(steps(rows)).max().orElseThrow());
  }

  /** Fails unless {@code actual} has the bits of {@code rows}. */
  public void same(int[][][] alone, List<Integer> rows, int[][][] actual, String how) {
    for (int k = 0; k < rows.size(); k++) {
      for (int output = 0; output < actual[k].length; output++) {
        String name = network.graph().results().get(output).name();
        if (actual[k][output] != LEFT_OUT) {
          String place = "sequence " + rows.get(k) + ", " + name + ", " + how + ", " + network;
          assertArrayEquals(alone[rows.get(k)][output], actual[k][output], place);
        }
      }
    }
  }

  private static final int[] LEFT_OUT = {};

  private List<Sequence> sequences() {
    return network.sequences();
  }

  private int[] steps(List<Integer> rows) {
    return rows.stream().mapToInt(row -> sequences().get(row).steps()).toArray();
  }

  private int[][][] run(Session session, List<Integer> rows, int steps) {
    return bits(session.run(inputs(rows, steps)), rows);
  }

  /** Whether there can be a stream of the network. */
  public boolean isStreamable() {
    return network.ends() != Ends.MASK
        && network
            .graph()
            .lstms()
            .allMatch(l -> l.directions().size() == 1 && !l.directions().get(0).reverse());
  }

  private int[][][] streamed(Function<Graph, GraphSession> open, List<Integer> rows) {
    StreamingGraph streaming = StreamingGraph.of(network.graph());
    int capacity = rows.size() + random.nextInt(5);
    try (Stream stream =
        new GraphStream(network.graph(), streaming, open.apply(streaming.graph()), capacity)) {
      return pieces(stream, capacity - rows.size(), rows);
    }
  }

  /**
   * Each sequence cut anywhere, beside whichever others of {@code rows}.
   *
   * @param first id of the first row; the others follow, and all begin anew
   */
  public int[][][] pieces(Stream stream, int first, List<Integer> rows) {
    Random cuts = new Random(random.nextLong());
    int[][][] pieces = new int[rows.size()][][];
    int[] done = new int[rows.size()];
    List<Integer> left = new ArrayList<>();
    for (int k = 0; k < rows.size(); k++) {
      stream.reset(first + k);
      begin(stream, first + k, sequences().get(rows.get(k)));
      left.add(k);
    }
    while (!left.isEmpty()) {
      Collections.shuffle(left, cuts);
      List<Integer> called = List.copyOf(left.subList(0, 1 + cuts.nextInt(left.size())));
      List<Integer> own = called.stream().map(rows::get).toList();
      int[] from = called.stream().mapToInt(k -> done[k]).toArray();
      int[] counts = counts(own, from, cuts);
      int steps = Math.max(1, Arrays.stream(counts).max().orElseThrow());
      int[] ids = called.stream().mapToInt(k -> first + k).toArray();
      Map<String, Tensor> inputs = inputs(own, from, counts, steps);
      inputs.keySet().removeIf(name -> name.matches("[hc]\\d"));
      int[][][] bits = bits(stream.step(ids, inputs), counts);
      for (int k = 0; k < counts.length; k++) {
        int row = called.get(k);
        pieces[row] = joined(pieces[row], bits[k]);
        done[row] += counts[k];
        if (done[row] == sequences().get(own.get(k)).steps()) {
          left.remove((Integer) row);
        }
      }
    }
    return pieces;
  }

  /** The network's initial states, which are no inputs of a stream. */
  private void begin(Stream stream, int id, Sequence sequence) {
    Map<String, Tensor> state = new HashMap<>(stream.exportState(id));
    boolean given = false;
    for (String name : List.copyOf(state.keySet())) {
      // lstm0.h begins with h0
      int dot = name.indexOf('.');
      int[] own = sequence.inputs().get(name.charAt(dot + 1) + name.substring(4, dot));
      if (own != null) {
        given = true;
        Tensor tensor = Tensor.allocate(Tensor.Type.FLOAT32, own.length);
        tensor.bytes().asIntBuffer().put(own);
        state.put(name, tensor);
      }
    }
    if (given) {
      stream.importState(id, state);
    }
  }

  /** Steps of a call: for each sequence by itself where the network is told, else for all. */
  private int[] counts(List<Integer> rows, int[] from, Random cuts) {
    int[] left = steps(rows);
    for (int k = 0; k < left.length; k++) {
      left[k] -= from[k];
    }
    int all = 1 + cuts.nextInt(Math.max(1, Arrays.stream(left).min().orElseThrow()));
    for (int k = 0; k < left.length; k++) {
      left[k] = network.ends() == Ends.LENGTHS ? Math.min(left[k], cuts.nextInt(6)) : all;
    }
    return left;
  }

  /** What has an axis of steps goes on; of the rest the last counts. */
  private int[][] joined(int[][] before, int[][] then) {
    int[][] both = new int[then.length][];
    for (int output = 0; output < then.length; output++) {
      Graph.Result result = network.graph().results().get(output);
      if (result.name().equals("selected")) {
        both[output] = LEFT_OUT; // of the last steps of a call, not of a sequence
      } else if (before == null || axis(result.value().shape(), "time") < 0) {
        both[output] = then[output];
      } else {
        both[output] = Arrays.copyOf(before[output], before[output].length + then[output].length);
        System.arraycopy(then[output], 0, both[output], before[output].length, then[output].length);
      }
    }
    return both;
  }

  /** Steps {@code from[k]} to {@code from[k] + counts[k]} of each row, and what follows them. */
  private Map<String, Tensor> inputs(List<Integer> rows, int[] from, int[] counts, int steps) {
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    boolean full = Arrays.stream(counts).allMatch(count -> count == steps);
    float noise = NOISE[random.nextInt(NOISE.length)];
    for (Port port : network.graph().inputs()) {
      boolean isLengths = port.name().equals("lengths");
      if (isLengths && full && random.nextBoolean()) {
        continue;
      }
      Sequence first = sequences().get(rows.get(0));
      if (!first.inputs().containsKey(port.name())) {
        continue;
      }
      int[] shape = port.shape().resolve(Map.of("batch", rows.size(), "time", steps));
      Tensor tensor = Tensor.allocate(port.type(), shape);
      IntBuffer bits = tensor.bytes().asIntBuffer();
      Places places = new Places(port.shape(), shape);
      for (int k = 0; k < tensor.size(); k++) {
        places.go(k);
        int row = places.batch;
        if (isLengths) {
          bits.put(counts[row]);
        } else if (!places.timed || places.time < counts[row]) {
          int[] own =
              Objects.requireNonNull(sequences().get(rows.get(row)).inputs().get(port.name()));
          int step = places.timed ? from[row] + places.time : 0;
          bits.put(own[step * places.width + places.rest]);
        } else if (port.type() == Tensor.Type.INT32) {
          bits.put(random.nextInt(2));
        } else {
          float filler = network.ends() == Ends.MASK ? RandomNetwork.MASKED : noise;
          bits.put(Float.floatToRawIntBits(filler));
        }
      }
      inputs.put(port.name(), tensor);
    }
    return inputs;
  }

  private int[][][] bits(Map<String, Tensor> outputs, int[] counts) {
    List<Graph.Result> results = network.graph().results();
    int[][][] bits = new int[counts.length][results.size()][];
    for (int output = 0; output < results.size(); output++) {
      Tensor tensor = Objects.requireNonNull(outputs.get(results.get(output).name()));
      Places places = new Places(results.get(output).value().shape(), tensor.shape());
      for (int row = 0; row < counts.length; row++) {
        bits[row][output] = new int[(places.timed ? counts[row] : 1) * places.width];
      }
      IntBuffer all = tensor.bytes().asIntBuffer();
      for (int k = 0; k < tensor.size(); k++) {
        places.go(k);
        int place = places.time * places.width + places.rest;
        int[] own = bits[places.batch][output];
        if (place < own.length) {
          int value = all.get(k);
          // functions that grow may overflow, and a NaN has many bit patterns
          boolean isNan =
              tensor.type() == Tensor.Type.FLOAT32 && Float.isNaN(Float.intBitsToFloat(value));
          own[place] = isNan ? Float.floatToIntBits(Float.NaN) : value;
        }
      }
    }
    return bits;
  }

  private static int axis(Shape shape, String name) {
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis).symbols().contains(name)) {
        return axis;
      }
    }
    return -1;
  }

  /** Which sequence, step and feature an element of an array belongs to. */
  private static final class Places {
    private final int[] shape;
    private final int batchAxis;
    private final int timeAxis;
    final boolean timed;
    final int width;
    int batch;
    int time;
    int rest;

    Places(Shape named, int[] shape) {
      this.shape = shape;
      batchAxis = axis(named, "batch");
      timeAxis = axis(named, "time");
      timed = timeAxis >= 0;
      int product = 1;
      for (int axis = 0; axis < shape.length; axis++) {
        product *= axis == batchAxis || axis == timeAxis ? 1 : shape[axis];
      }
      width = product;
    }

    void go(int element) {
      int left = element;
      int scale = 1;
      time = 0;
      rest = 0;
      for (int axis = shape.length - 1; axis >= 0; axis--) {
        int index = left % shape[axis];
        left /= shape[axis];
        if (axis == batchAxis) {
          batch = index;
        } else if (axis == timeAxis) {
          time = index;
        } else {
          rest += index * scale;
          scale *= shape[axis];
        }
      }
    }
  }
}
