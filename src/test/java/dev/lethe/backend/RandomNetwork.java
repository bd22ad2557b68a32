package dev.lethe.backend;

import dev.lethe.Dim;
import dev.lethe.Precision;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Cell;
import dev.lethe.network.CellNorm;
import dev.lethe.network.Graph;
import dev.lethe.network.GraphBuilder;
import dev.lethe.network.GraphBuilder.Layouts;
import dev.lethe.network.Lstm;
import dev.lethe.network.Matrix;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.StringJoiner;
import java.util.stream.LongStream;

/**
 * A small network, every option drawn from a seed, and sequences for it.
 *
 * <p>{@code -Dlethe.seed=S} has tests begin with seed S, {@code -Dlethe.networks=N} has them draw N
 * networks.
 *
 * @param seed all that it takes to have the network again
 * @param options what was drawn, for people
 * @param graph the network; its sequences are counted by "batch", their steps by "time"
 * @param ends what tells a network where a sequence ends
 * @param sequences what a batch is made of
 */
public record RandomNetwork(
    long seed, String options, Graph graph, Ends ends, List<Sequence> sequences) {
  /** The feature of a step that is masked. */
  static final float MASKED = 0.25f;

  /** The first seed that is tried. */
  public static final long FIRST = Long.getLong("lethe.seed", 1);

  /** What tells where a sequence ends. */
  public enum Ends {
    /** Nothing: all have the same steps. */
    NOWHERE,
    /** An input with their lengths. */
    LENGTHS,
    /** Steps of {@link #MASKED} features, which may be in the middle, too. */
    MASK
  }

  /**
   * One sequence.
   *
   * @param steps how many it has
   * @param inputs bits by name, [steps][...] or without steps
   */
  public record Sequence(int steps, Map<String, int[]> inputs) {}

  /** The network of a seed. */
  public static RandomNetwork of(long seed) {
    return new Draw(seed).draw();
  }

  /**
   * Seeds to be tried.
   *
   * @param count how many unless the caller of the test says otherwise
   */
  public static LongStream seeds(int count) {
    return LongStream.range(FIRST, FIRST + Integer.getInteger("lethe.networks", count));
  }

  /** Every other time fp32, otherwise one of these, drawn from the seed. */
  public Precision precision(List<Precision> precisions) {
    Random random = new Random(~seed);
    random.nextInt();
    return random.nextBoolean()
        ? Precision.FP32
        : precisions.get(random.nextInt(precisions.size()));
  }

  @Override
  public String toString() {
    return "-Dlethe.seed=" + seed + " -Dlethe.networks=1: " + options;
  }

  /** One network being drawn. */
  private static final class Draw {
    /** Around the widths of vectors and tiles. */
    private static final int[] AWKWARD = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 39, 40, 65};

    private static final Dim B = Dim.symbol("batch");
    private static final Dim T = Dim.symbol("time");

    private final long seed;
    private final Random random;
    private final GraphBuilder g = new GraphBuilder();
    private final StringJoiner options = new StringJoiner(", ");
    private final Map<String, Shape> states = new LinkedHashMap<>();
    private final Ends ends;
    private final boolean wide;
    private final int words;
    private int features;

    Draw(long seed) {
      this.seed = seed;
      random = new Random(seed);
      random.nextInt(); // the first draws of neighbouring seeds are alike
      ends = chance(0.7f) ? Ends.LENGTHS : pick(List.of(Ends.NOWHERE, Ends.MASK));
      wide = chance(0.04f);
      words = ends != Ends.MASK && chance(0.15f) ? 2 + random.nextInt(20) : 0;
    }

    RandomNetwork draw() {
      options.add(ends.toString());
      Layouts layouts = layouts();
      boolean timeMajor = layouts.x() == Lstm.SequenceLayout.TIME_MAJOR;
      features = size();
      Value x = input(timeMajor);
      Optional<Value> lengths =
          ends == Ends.LENGTHS
              ? Optional.of(
                  g.input("lengths", Tensor.Type.INT32, Shape.of(B), Graph.Default.FULL_LENGTH))
              : Optional.empty();
      Optional<Value> mask =
          ends == Ends.MASK ? Optional.of(g.stepMask("mask", MASKED, x)) : Optional.empty();
      int layers = wide ? 1 : 1 + random.nextInt(3);
      boolean forward = chance(0.4f);
      for (int layer = 0; layer < layers; layer++) {
        x = layer(layer, layouts, forward, x, lengths, mask);
        boolean nextTimeMajor = timeMajor;
        if (layer + 1 < layers && chance(0.3f)) {
          layouts = layouts();
          nextTimeMajor = layouts.x() == Lstm.SequenceLayout.TIME_MAJOR;
        }
        if (nextTimeMajor != timeMajor) {
          x = g.transpose("turned", x, List.of(1, 0, 2));
          mask = mask.map(m -> g.transpose("turned", m, List.of(1, 0)));
          timeMajor = nextTimeMajor;
        }
      }
      head(x, layouts.x(), lengths);
      Graph graph = g.build("random " + seed, "drawn");
      return new RandomNetwork(seed, options.toString(), graph, ends, sequences());
    }

    private Layouts layouts() {
      return pick(
          List.of(Layouts.ONNX, Layouts.ONNX_BATCH_MAJOR, Layouts.BATCH_FIRST, Layouts.TIME_FIRST));
    }

    /** [T, B, I] or [B, T, I], of floats or of words looked up. */
    private Value input(boolean timeMajor) {
      Dim outer = timeMajor ? T : B;
      Dim inner = timeMajor ? B : T;
      options.add((timeMajor ? "time" : "batch") + " major, I " + features);
      if (words == 0) {
        return g.input("x", Tensor.Type.FLOAT32, Shape.of(outer, inner, Dim.of(features)));
      }
      options.add("words");
      Value ids = g.input("x", Tensor.Type.INT32, Shape.of(outer, inner));
      return g.embedding("words", uniform(1, words, features), ids);
    }

    /** Its y as [T, B, D*P] or [B, T, D*P]. */
    private Value layer(
        int layer,
        Layouts layouts,
        boolean forward,
        Value x,
        Optional<Value> lengths,
        Optional<Value> mask) {
      int hidden = wide ? 182 + random.nextInt(60) : size();
      // a mask goes with neither projections nor normalization
      int output = ends != Ends.MASK && chance(0.25f) ? size() : 0;
      int width = output == 0 ? hidden : output;
      List<Boolean> reversed =
          forward
              ? List.of(false)
              : pick(List.of(List.of(false), List.of(true), List.of(false, true)));
      options.add(
          "layer H " + hidden + (output == 0 ? "" : " P " + output) + " reversed " + reversed);
      int input = (int) x.shape().dim(2).factor();
      List<Lstm.Direction> directions = new ArrayList<>();
      Cell like = cell(input, hidden, output);
      for (boolean reverse : reversed) {
        directions.add(new Lstm.Direction(reverse, like));
        like = again(like);
      }
      int count = directions.size();
      GraphBuilder.LstmOutputs out =
          g.lstm(
              "lstm" + layer,
              layouts,
              directions,
              x,
              lengths,
              mask,
              state("h" + layer, layouts, count, width),
              state("c" + layer, layouts, count, hidden));
      g.output("y" + layer, out.y());
      g.output("last h" + layer, out.finalH());
      g.output("last c" + layer, out.finalC());
      if (layouts.y() != Lstm.OutputLayout.TIME_DIRECTION_BATCH) {
        return out.y();
      }
      Value turned = g.transpose("merged", out.y(), List.of(0, 2, 1, 3));
      return g.reshape("merged", turned, Shape.of(T, B, Dim.of((long) count * width)));
    }

    private Optional<Value> state(String name, Layouts layouts, int directions, int width) {
      if (!chance(0.3f)) {
        return Optional.empty();
      }
      options.add(name);
      Shape shape = Lstm.stateShape(layouts.state(), directions, B, width);
      states.put(name, shape);
      return Optional.of(g.input(name, Tensor.Type.FLOAT32, shape, Graph.Default.ZEROS));
    }

    private Cell cell(int input, int hidden, int output) {
      boolean normed = ends != Ends.MASK && chance(0.15f);
      boolean peepholes = !normed && chance(0.3f);
      float clip = !normed && chance(0.3f) ? between(0.2f, 1.5f) : Float.POSITIVE_INFINITY;
      boolean coupled = chance(0.2f);
      List<ActivationFunction> functions =
          chance(0.6f)
              ? List.of(
                  ActivationFunction.SIGMOID, ActivationFunction.TANH, ActivationFunction.TANH)
              : List.of(
                  pick(Cases.everyFunction()),
                  pick(Cases.everyFunction()),
                  pick(Cases.everyFunction()));
      options.add(functions.stream().map(f -> f.kind().toString()).toList().toString());
      if (normed || peepholes || coupled || clip < Float.POSITIVE_INFINITY) {
        options.add(
            (normed ? "normalized " : "")
                + (peepholes ? "peepholes " : "")
                + (coupled ? "coupled " : "")
                + "clip "
                + clip);
      }
      // functions that grow would let c and h grow from step to step
      float bound = functions.stream().allMatch(Draw::bounded) ? 1.5f : 0.3f;
      int width = output == 0 ? hidden : output;
      Cell cell =
          new Cell(
              scaled(bound, 4 * hidden, input),
              scaled(bound, 4 * hidden, width),
              uniform(0.5f, 1, 4 * hidden),
              peepholes ? uniform(bound / 2, 3, hidden) : Matrix.empty(),
              output == 0 ? Matrix.empty() : scaled(1, width, hidden),
              functions.get(0),
              functions.get(1),
              functions.get(2),
              coupled,
              clip);
      return normed ? cell.withNorm(norm(hidden)) : cell;
    }

    private CellNorm norm(int hidden) {
      return new CellNorm(
          uniform(1, 1, 4 * hidden), uniform(1, 1, hidden), uniform(0.5f, 1, hidden), 0.01f);
    }

    /** With other weights, as the directions of a layer are. */
    private Cell again(Cell cell) {
      return cell.withWeights(
          scaled(0.3f, cell.input().rows(), cell.inputSize()),
          scaled(0.3f, cell.input().rows(), cell.outputSize()));
    }

    private static boolean bounded(ActivationFunction function) {
      return switch (function.kind()) {
        case SIGMOID, TANH, HARD_SIGMOID, SOFTSIGN -> true;
        case RELU, AFFINE, LEAKY_RELU, THRESHOLDED_RELU, SCALED_TANH, ELU, SOFTPLUS -> false;
      };
    }

    /** None, or what often stands behind the last layer. */
    private void head(Value y, Lstm.SequenceLayout layout, Optional<Value> lengths) {
      int width = (int) y.shape().dim(2).factor();
      int outputs = size();
      switch (random.nextInt(5)) {
        case 0 -> {
          options.add("dense " + outputs + ", softmax");
          Value dense = g.dense("head", scaled(1, width, outputs), uniform(1, 1, outputs), y);
          g.output("softmax", g.softmax("softmax", random.nextBoolean(), dense));
        }
        case 1 -> {
          options.add("normalized, activation");
          Value normed = g.layerNorm("norm", uniform(1, 1, width), uniform(1, 1, width), 0.01f, y);
          g.output("norm", g.activation("act", pick(Cases.everyFunction()), normed));
        }
        case 2 ->
            lengths.ifPresent(
                n -> {
                  options.add("selected");
                  int back = 1 + random.nextInt(2);
                  g.output("selected", g.selectStep("selected", layout, back, y, n));
                });
        default -> {}
      }
    }

    private List<Sequence> sequences() {
      int most = chance(0.1f) ? 30 : 9;
      int count = !wide && chance(0.08f) ? 120 + random.nextInt(20) : 1 + random.nextInt(19);
      int same = 1 + random.nextInt(most);
      options.add("B " + count + ", T up to " + (ends == Ends.NOWHERE ? same : most));
      List<Sequence> sequences = new ArrayList<>();
      for (int b = 0; b < count; b++) {
        int least = ends == Ends.LENGTHS ? 0 : 1;
        int steps = ends == Ends.NOWHERE ? same : least + random.nextInt(most - least + 1);
        sequences.add(sequence(steps));
      }
      return sequences;
    }

    private Sequence sequence(int steps) {
      Map<String, int[]> inputs = new HashMap<>();
      if (words > 0) {
        inputs.put("x", random.ints(steps, -words, words).toArray());
      } else {
        inputs.put("x", bits(uniform(1, steps, features)));
      }
      if (ends == Ends.LENGTHS) {
        inputs.put("lengths", new int[] {steps});
      }
      for (int step = 0; step < steps && ends == Ends.MASK; step++) {
        if (chance(0.2f)) {
          Arrays.fill(
              inputs.get("x"),
              step * features,
              (step + 1) * features,
              Float.floatToRawIntBits(MASKED));
        }
      }
      states.forEach(
          (name, shape) -> {
            int elements = shape.count().resolve(Map.of("batch", 1));
            inputs.put(name, bits(uniform(1, 1, elements)));
          });
      return new Sequence(steps, inputs);
    }

    private static int[] bits(Matrix values) {
      int[] bits = new int[values.size()];
      for (int k = 0; k < bits.length; k++) {
        bits[k] = Float.floatToRawIntBits(values.at(k / values.columns(), k % values.columns()));
      }
      return bits;
    }

    private int size() {
      return random.nextBoolean()
          ? AWKWARD[random.nextInt(AWKWARD.length)]
          : 1 + random.nextInt(40);
    }

    private Matrix scaled(float bound, int rows, int columns) {
      return uniform((float) (bound * Math.sqrt(3.0 / columns)), rows, columns);
    }

    private Matrix uniform(float bound, int rows, int columns) {
      float[] values = new float[rows * columns];
      for (int k = 0; k < values.length; k++) {
        values[k] = between(-bound, bound);
      }
      return Matrix.of(rows, columns, values);
    }

    private boolean chance(float share) {
      return random.nextFloat() < share;
    }

    private float between(float low, float high) {
      return low + (high - low) * random.nextFloat();
    }

    private <V> V pick(List<V> values) {
      return values.get(random.nextInt(values.size()));
    }
  }
}
