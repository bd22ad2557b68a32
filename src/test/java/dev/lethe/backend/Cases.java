package dev.lethe.backend;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.ActivationFunction.Kind;
import dev.lethe.network.Binary;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Small networks with seeded random weights and inputs: awkward sizes, every option of the cell,
 * every stage.
 *
 * <p>With LETHE_SMALL_SIZES=1 in the environment, tests that run many batches run few and small
 * ones: for emulators, which take seconds where a device takes milliseconds.
 */
public final class Cases {
  /** Whether sizes are to be small. */
  public static final boolean SMALL = "1".equals(System.getenv("LETHE_SMALL_SIZES"));

  private static final Dim T = Dim.symbol("time");
  private static final Dim B = Dim.symbol("batch");

  private Cases() {}

  /**
   * A network and a batch for it.
   *
   * @param name for people
   * @param graph the network
   * @param inputs by name
   */
  public record Case(String name, Graph graph, Map<String, Tensor> inputs) {
    /** The sizes that the inputs give the named axes. */
    public Map<String, Integer> sizes() {
      Map<String, int[]> shapes = new LinkedHashMap<>();
      inputs.forEach((input, tensor) -> shapes.put(input, tensor.shape()));
      return Tolerance.sizes(graph, shapes);
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /** Sizes of one layer; P is H where there is no projection. */
  record Sizes(int steps, int batch, int input, int hidden, int projection) {
    static Sizes of(int steps, int batch, int input, int hidden) {
      return new Sizes(steps, batch, input, hidden, 0);
    }
  }

  /** What is special about a layer. */
  record Special(
      Layouts layouts,
      List<Boolean> reversed,
      boolean lengths,
      boolean states,
      boolean peepholes,
      boolean coupled,
      float clip,
      List<ActivationFunction> functions) {
    static final Special NONE =
        new Special(
            Layouts.ONNX,
            List.of(false),
            false,
            false,
            false,
            false,
            Float.POSITIVE_INFINITY,
            List.of(ActivationFunction.SIGMOID, ActivationFunction.TANH, ActivationFunction.TANH));

    Special layouts(Layouts to) {
      return new Special(to, reversed, lengths, states, peepholes, coupled, clip, functions);
    }

    Special reversed(Boolean... to) {
      return new Special(
          layouts, List.of(to), lengths, states, peepholes, coupled, clip, functions);
    }

    Special lengthsAndStates() {
      return new Special(layouts, reversed, true, true, peepholes, coupled, clip, functions);
    }

    Special cell(boolean withPeepholes, boolean isCoupled, float to) {
      return new Special(
          layouts, reversed, lengths, states, withPeepholes, isCoupled, to, functions);
    }

    Special functions(ActivationFunction... to) {
      return new Special(layouts, reversed, lengths, states, peepholes, coupled, clip, List.of(to));
    }
  }

  /** All of them. */
  public static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    sizes(cases);
    layouts(cases);
    cells(cases);
    normalizedCells(cases);
    functions(cases);
    cases.add(stacked());
    cases.add(embeddingToSoftmax());
    cases.add(selected());
    cases.add(moved());
    cases.add(arithmetic());
    cases.add(dense());
    cases.add(integers());
    cases.add(normalized());
    cases.add(masked(Layouts.ONNX, 17, 19));
    cases.add(masked(Layouts.ONNX_BATCH_MAJOR, 17, 19));
    cases.add(masked(Layouts.ONNX, 3, 37));
    cases.add(maskedIds());
    return cases;
  }

  /** Layers so wide that threads share the hidden units of a small batch. */
  public static List<Case> wide() {
    Special both = Special.NONE.reversed(false, true);
    return List.of(
        layer("T5 B1 I3 H200", Sizes.of(5, 1, 3, 200), Special.NONE),
        layer("T4 B3 I9 H190, lengths", Sizes.of(4, 3, 9, 190), both.lengthsAndStates()),
        layer("projected, wide", new Sizes(3, 2, 5, 230, 170), Special.NONE.lengthsAndStates()),
        // of these the threads take over blocks from each other, while no sequence has ended
        layer("T4 B4 I3 H600, lengths", Sizes.of(4, 4, 3, 600), Special.NONE.lengthsAndStates()),
        layer("projected, wider", new Sizes(3, 4, 5, 600, 480), Special.NONE),
        masked(Layouts.ONNX, 3, 200));
  }

  private static void sizes(List<Case> cases) {
    int[][] sizes = {
      {1, 1, 1, 1},
      {2, 3, 2, 3},
      {3, 2, 7, 5},
      {5, 1, 3, 17},
      {4, 7, 17, 16},
      {3, 17, 1, 31},
      {2, 33, 31, 7},
      {9, 5, 8, 33},
      {3, 13, 33, 40},
      {40, 2, 6, 9},
      {7, 5, 3, 65}
    };
    for (int[] s : sizes) {
      Sizes size = Sizes.of(s[0], s[1], s[2], s[3]);
      cases.add(layer("T" + s[0] + " B" + s[1] + " I" + s[2] + " H" + s[3], size, Special.NONE));
    }
    cases.add(layer("projected", new Sizes(5, 7, 3, 19, 5), Special.NONE.lengthsAndStates()));
    cases.add(
        layer(
            "projected both ways",
            new Sizes(3, 4, 9, 33, 17),
            Special.NONE.layouts(Layouts.BATCH_FIRST).reversed(false, true)));
  }

  private static void layouts(List<Case> cases) {
    Sizes size = Sizes.of(5, 9, 3, 11);
    Map<String, Layouts> all = new LinkedHashMap<>();
    all.put("ONNX", Layouts.ONNX);
    all.put("ONNX layout 1", Layouts.ONNX_BATCH_MAJOR);
    all.put("batch first", Layouts.BATCH_FIRST);
    all.put("time first", Layouts.TIME_FIRST);
    all.forEach(
        (name, layouts) -> {
          Special special = Special.NONE.layouts(layouts).lengthsAndStates();
          cases.add(layer(name + ", reverse", size, special.reversed(true)));
          cases.add(layer(name + ", both directions", size, special.reversed(false, true)));
        });
    // rows so long that the CPU leaves x and y with the caller
    Sizes longRows = Sizes.of(3, 5, 35, 37);
    List.of(Layouts.ONNX, Layouts.BATCH_FIRST)
        .forEach(
            layouts ->
                cases.add(
                    layer(
                        "long rows, " + layouts.x(),
                        longRows,
                        Special.NONE.layouts(layouts).lengthsAndStates().reversed(false, true))));
  }

  private static void cells(List<Case> cases) {
    Sizes size = Sizes.of(4, 6, 5, 18);
    float none = Float.POSITIVE_INFINITY;
    cases.add(layer("peepholes", size, Special.NONE.cell(true, false, none)));
    cases.add(layer("coupled", size, Special.NONE.cell(false, true, none)));
    cases.add(layer("clip", size, Special.NONE.cell(false, false, 0.3f)));
    Special everything =
        Special.NONE.cell(true, true, 0.5f).reversed(false, true).lengthsAndStates();
    cases.add(layer("peepholes, coupled, clip, both directions", size, everything));
    cases.add(layer("peepholes, projected", new Sizes(4, 3, 5, 18, 6), everything));
    cases.add(
        layer(
            "directions of different functions",
            Sizes.of(4, 6, 5, 18),
            Special.NONE.reversed(false, true).lengthsAndStates(),
            (direction, cell) -> direction == 0 ? cell : withoutOutputFunction(cell)));
  }

  private static Cell withoutOutputFunction(Cell cell) {
    return new Cell(
        cell.input(),
        cell.recurrent(),
        cell.bias(),
        cell.peepholes(),
        cell.projection(),
        cell.gate(),
        cell.candidate(),
        ActivationFunction.IDENTITY,
        cell.coupled(),
        cell.clip());
  }

  private static void normalizedCells(List<Case> cases) {
    Special both = Special.NONE.reversed(false, true).lengthsAndStates();
    Special coupled = Special.NONE.cell(false, true, Float.POSITIVE_INFINITY);
    cases.add(layer("normalized", Sizes.of(4, 6, 5, 18), Special.NONE, Cases::normalized));
    cases.add(layer("normalized, wide", Sizes.of(2, 3, 4, 130), Special.NONE, Cases::normalized));
    cases.add(layer("normalized, H2", Sizes.of(3, 17, 2, 2), both, Cases::normalized));
    cases.add(layer("normalized, both ways", Sizes.of(5, 9, 3, 11), both, Cases::normalized));
    cases.add(layer("normalized, coupled", Sizes.of(3, 5, 4, 33), coupled, Cases::normalized));
    cases.add(layer("normalized, projected", new Sizes(4, 3, 5, 18, 6), both, Cases::normalized));
  }

  private static Cell normalized(Cell cell) {
    int hidden = cell.hiddenSize();
    Random random = new Random(hidden);
    return cell.withNorm(
        new CellNorm(
            matrix(random, 1, 4 * hidden),
            matrix(random, 1, hidden),
            matrix(random, 1, hidden),
            0.01f));
  }

  private static void functions(List<Case> cases) {
    Sizes size = Sizes.of(3, 5, 4, 10);
    ActivationFunction sigmoid = ActivationFunction.SIGMOID;
    ActivationFunction tanh = ActivationFunction.TANH;
    cases.add(
        layer(
            "identity output",
            size,
            Special.NONE.functions(sigmoid, tanh, ActivationFunction.IDENTITY)));
    for (ActivationFunction function : everyFunction()) {
      Special special = Special.NONE.functions(sigmoid, function, tanh);
      cases.add(layer("candidate " + function.kind(), size, special));
    }
    ActivationFunction hard = new ActivationFunction(Kind.HARD_SIGMOID, 0.2f, 0.5f);
    cases.add(
        layer("hard gates", size, Special.NONE.functions(hard, tanh, ActivationFunction.RELU)));
  }

  /** One of each kind. */
  public static List<ActivationFunction> everyFunction() {
    return List.of(
        ActivationFunction.SIGMOID,
        ActivationFunction.TANH,
        ActivationFunction.RELU,
        new ActivationFunction(Kind.AFFINE, 0.7f, 0.1f),
        new ActivationFunction(Kind.LEAKY_RELU, 0.1f, 0),
        new ActivationFunction(Kind.THRESHOLDED_RELU, -0.02f, 0),
        new ActivationFunction(Kind.SCALED_TANH, 1.3f, 0.6f),
        new ActivationFunction(Kind.HARD_SIGMOID, 0.3f, 0.4f),
        new ActivationFunction(Kind.ELU, 0.9f, 0),
        new ActivationFunction(Kind.SOFTSIGN, 0, 0),
        new ActivationFunction(Kind.SOFTPLUS, 0, 0));
  }

  /** One layer with all its outputs. */
  static Case layer(String name, Sizes s, Special special) {
    return layer(name, s, special, (direction, cell) -> cell);
  }

  private static Case layer(String name, Sizes s, Special special, UnaryOperator<Cell> change) {
    return layer(name, s, special, (direction, cell) -> change.apply(cell));
  }

  /** One layer with all its outputs, its cells changed by {@code change}, by direction. */
  private static Case layer(
      String name, Sizes s, Special special, BiFunction<Integer, Cell, Cell> change) {
    Random random = new Random(name.hashCode());
    GraphBuilder g = new GraphBuilder();
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    boolean timeMajor = special.layouts().x() == Lstm.SequenceLayout.TIME_MAJOR;
    Value x =
        g.input(
            "x",
            Tensor.Type.FLOAT32,
            timeMajor ? Shape.of(T, B, Dim.of(s.input())) : Shape.of(B, T, Dim.of(s.input())));
    inputs.put(
        "x",
        timeMajor
            ? floats(random, s.steps(), s.batch(), s.input())
            : floats(random, s.batch(), s.steps(), s.input()));
    Optional<Value> lengths = Optional.empty();
    Optional<Value> initialH = Optional.empty();
    Optional<Value> initialC = Optional.empty();
    int count = special.reversed().size();
    int width = s.projection() == 0 ? s.hidden() : s.projection();
    if (special.lengths()) {
      lengths =
          Optional.of(
              g.input("lengths", Tensor.Type.INT32, Shape.of(B), Graph.Default.FULL_LENGTH));
      inputs.put("lengths", lengths(random, s.steps(), s.batch()));
    }
    if (special.states()) {
      Lstm.StateLayout layout = special.layouts().state();
      initialH =
          Optional.of(
              g.input(
                  "h0",
                  Tensor.Type.FLOAT32,
                  Lstm.stateShape(layout, count, B, width),
                  Graph.Default.ZEROS));
      initialC =
          Optional.of(
              g.input(
                  "c0",
                  Tensor.Type.FLOAT32,
                  Lstm.stateShape(layout, count, B, s.hidden()),
                  Graph.Default.ZEROS));
      inputs.put("h0", state(random, layout, count, s.batch(), width));
      inputs.put("c0", state(random, layout, count, s.batch(), s.hidden()));
    }
    List<Lstm.Direction> directions =
        IntStream.range(0, count)
            .mapToObj(
                d ->
                    new Lstm.Direction(
                        special.reversed().get(d), change.apply(d, cell(random, s, special))))
            .toList();
    GraphBuilder.LstmOutputs out =
        g.lstm("lstm", special.layouts(), directions, x, lengths, initialH, initialC);
    g.output("y", out.y()).output("h", out.finalH()).output("c", out.finalC());
    return new Case(name, g.build(name, "made by hand"), inputs);
  }

  private static Cell cell(Random random, Sizes s, Special special) {
    int rows = 4 * s.hidden();
    int width = s.projection() == 0 ? s.hidden() : s.projection();
    return new Cell(
        matrix(random, rows, s.input()),
        matrix(random, rows, width),
        matrix(random, 1, rows),
        special.peepholes() ? matrix(random, 3, s.hidden()) : Matrix.empty(),
        s.projection() == 0 ? Matrix.empty() : matrix(random, width, s.hidden()),
        special.functions().get(0),
        special.functions().get(1),
        special.functions().get(2),
        special.coupled(),
        special.clip());
  }

  private static Case stacked() {
    Random random = new Random(11);
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(T, B, Dim.of(6)));
    Value lengths = g.input("lengths", Tensor.Type.INT32, Shape.of(B), Graph.Default.FULL_LENGTH);
    Value below = x;
    for (int layer = 0; layer < 3; layer++) {
      int input = layer == 0 ? 6 : 2 * 9;
      Sizes s = Sizes.of(0, 0, input, 9);
      List<Lstm.Direction> both =
          List.of(
              new Lstm.Direction(false, cell(random, s, Special.NONE)),
              new Lstm.Direction(true, cell(random, s, Special.NONE)));
      GraphBuilder.LstmOutputs out =
          g.lstm(
              "lstm" + layer,
              Layouts.TIME_FIRST,
              both,
              below,
              Optional.of(lengths),
              Optional.empty(),
              Optional.empty());
      g.output("h" + layer, out.finalH()).output("c" + layer, out.finalC());
      below = out.y();
    }
    g.output("y", below);
    return new Case(
        "three layers, both directions",
        g.build("stacked", "made by hand"),
        Map.of("x", floats(random, 6, 5, 6), "lengths", lengths(random, 6, 5)));
  }

  private static Case embeddingToSoftmax() {
    Random random = new Random(12);
    GraphBuilder g = new GraphBuilder();
    Value ids = g.input("ids", Tensor.Type.INT32, Shape.of(B, T));
    Value words = g.embedding("words", matrix(random, 13, 7), ids);
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "lstm",
            Layouts.BATCH_FIRST,
            List.of(new Lstm.Direction(false, cell(random, Sizes.of(0, 0, 7, 12), Special.NONE))),
            words,
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    Value logits = g.dense("logits", matrix(random, 12, 13), matrix(random, 1, 13), out.y());
    g.output("probabilities", g.softmax("softmax", false, logits));
    g.output("logs", g.softmax("logsoftmax", true, logits));
    int[] given = random.ints(4 * 5, -13, 13).toArray();
    return new Case(
        "embedding, dense, softmax",
        g.build("tagger", "made by hand"),
        Map.of("ids", Tensor.of(given, 4, 5)));
  }

  private static Case selected() {
    Random random = new Random(13);
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(T, B, Dim.of(3)));
    Value lengths = g.input("lengths", Tensor.Type.INT32, Shape.of(B));
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "lstm",
            Layouts.TIME_FIRST,
            List.of(new Lstm.Direction(false, cell(random, Sizes.of(0, 0, 3, 8), Special.NONE))),
            x,
            Optional.of(lengths),
            Optional.empty(),
            Optional.empty());
    g.output("last", g.selectStep("last", Lstm.SequenceLayout.TIME_MAJOR, 1, out.y(), lengths));
    Value swapped = g.transpose("swapped", out.y(), List.of(1, 0, 2));
    Value before = g.selectStep("before", Lstm.SequenceLayout.BATCH_MAJOR, 2, swapped, lengths);
    g.output("score", g.dense("score", matrix(random, 8, 1), matrix(random, 1, 1), before));
    return new Case(
        "steps selected by length",
        g.build("scorer", "made by hand"),
        Map.of("x", floats(random, 5, 7, 3), "lengths", lengths(random, 5, 7)));
  }

  private static Case moved() {
    Random random = new Random(14);
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(B, Dim.of(3), Dim.of(5)));
    Value backwards = g.slice("backwards", x, 2, -1, -2, Dim.of(3));
    Value inner = g.slice("inner", x, 2, 1, 1, Dim.of(2));
    Value joined = g.concat("joined", 2, List.of(backwards, inner, x));
    Value turned = g.transpose("turned", joined, List.of(2, 0, 1));
    g.output("turned", turned);
    Value flat = g.reshape("flat", joined, new Shape(List.of(B, Dim.of(30))));
    g.output("flat", flat);
    Value one = g.slice("one", x, 1, 1, 1, Dim.of(1));
    g.output("wide", g.expand("wide", one, Shape.of(Dim.of(2), B, Dim.of(4), Dim.of(5))));
    return new Case(
        "slice, concat, transpose, expand",
        g.build("moves", "made by hand"),
        Map.of("x", floats(random, 4, 3, 5)));
  }

  private static Case arithmetic() {
    Random random = new Random(15);
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(B, Dim.of(9)));
    Value fixed = g.constant("fixed", floats(random, 1, 9));
    Value repeated = g.expand("repeated", fixed, Shape.of(B, Dim.of(9)));
    Value sum = g.binary("sum", Binary.Operation.ADD, x, repeated);
    Value product = g.binary("product", Binary.Operation.MULTIPLY, sum, x);
    g.output("difference", g.binary("difference", Binary.Operation.SUBTRACT, product, repeated));
    for (ActivationFunction function : everyFunction()) {
      g.output("f" + function.kind(), g.activation("f" + function.kind(), function, x));
    }
    return new Case(
        "arithmetic and activations",
        g.build("arithmetic", "made by hand"),
        Map.of("x", floats(random, 17, 9)));
  }

  private static Case dense() {
    Random random = new Random(16);
    GraphBuilder g = new GraphBuilder();
    Value x = g.input("x", Tensor.Type.FLOAT32, Shape.of(B, T, Dim.of(37)));
    Value hidden = g.dense("hidden", matrix(random, 37, 41), matrix(random, 1, 41), x);
    Value active = g.activation("active", ActivationFunction.RELU, hidden);
    g.output("y", g.dense("y", matrix(random, 41, 3), matrix(random, 1, 3), active));
    return new Case(
        "dense layers", g.build("dense", "made by hand"), Map.of("x", floats(random, 7, 5, 37)));
  }

  private static Case normalized() {
    Random random = new Random(18);
    GraphBuilder g = new GraphBuilder();
    Map<String, Tensor> inputs = new LinkedHashMap<>();
    for (int width : new int[] {2, 37, 130}) {
      Value x = g.input("x" + width, Tensor.Type.FLOAT32, Shape.of(B, T, Dim.of(width)));
      Matrix scale = matrix(random, 1, width);
      g.output("y" + width, g.layerNorm("norm", scale, matrix(random, 1, width), 0.01f, x));
      inputs.put("x" + width, floats(random, 3, 5, width));
    }
    return new Case("layer normalization", g.build("normalized", "made by hand"), inputs);
  }

  /** Both directions over x with steps of 0.25 throughout, at the ends and in the middle. */
  private static Case masked(Layouts layouts, int batch, int hidden) {
    Random random = new Random(19);
    GraphBuilder g = new GraphBuilder();
    boolean timeMajor = layouts.x() == Lstm.SequenceLayout.TIME_MAJOR;
    Value x =
        g.input(
            "x",
            Tensor.Type.FLOAT32,
            timeMajor ? Shape.of(T, B, Dim.of(2)) : Shape.of(B, T, Dim.of(2)));
    Value h0 = g.input("h0", Tensor.Type.FLOAT32, Lstm.stateShape(layouts.state(), 2, B, hidden));
    Value mask = g.stepMask("mask", 0.25f, x);
    List<Lstm.Direction> directions =
        Stream.of(false, true)
            .map(r -> new Lstm.Direction(r, cell(random, Sizes.of(0, 0, 2, hidden), Special.NONE)))
            .toList();
    GraphBuilder.LstmOutputs out =
        g.lstm(
            "lstm",
            layouts,
            directions,
            x,
            Optional.empty(),
            Optional.of(mask),
            Optional.of(h0),
            Optional.empty());
    g.output("y", out.y()).output("h", out.finalH()).output("c", out.finalC());
    g.output("mask", mask);
    int[] shape = timeMajor ? new int[] {6, batch, 2} : new int[] {batch, 6, 2};
    Tensor data = floats(random, shape);
    for (int step = 0; step < 6 * batch; step++) {
      if (random.nextInt(3) == 0) {
        data.floats().put(2 * step, 0.25f).put(2 * step + 1, 0.25f);
      }
    }
    return new Case(
        "masked, " + (timeMajor ? "time" : "batch") + " major",
        g.build("masked", "made by hand"),
        Map.of("x", data, "h0", state(random, layouts.state(), 2, batch, hidden)));
  }

  private static Case maskedIds() {
    Random random = new Random(20);
    GraphBuilder g = new GraphBuilder();
    Value ids = g.input("ids", Tensor.Type.INT32, Shape.of(B, T));
    g.output("mask", g.stepMask("mask", 3, ids));
    return new Case(
        "masked ids",
        g.build("masked ids", "made by hand"),
        Map.of("ids", Tensor.of(random.ints(35, 2, 5).toArray(), 5, 7)));
  }

  private static Case integers() {
    Random random = new Random(17);
    GraphBuilder g = new GraphBuilder();
    Value ids = g.input("ids", Tensor.Type.INT32, Shape.of(T, B));
    Value turned = g.transpose("turned", ids, List.of(1, 0));
    g.output("turned", turned);
    g.output("words", g.embedding("words", matrix(random, 6, 3), turned));
    return new Case(
        "integers",
        g.build("integers", "made by hand"),
        Map.of("ids", Tensor.of(random.ints(12, -6, 6).toArray(), 4, 3)));
  }

  /** Standard normal numbers. */
  public static Tensor floats(Random random, int... shape) {
    Tensor tensor = Tensor.allocate(Tensor.Type.FLOAT32, shape);
    for (int k = 0; k < tensor.size(); k++) {
      tensor.floats().put(k, (float) random.nextGaussian());
    }
    return tensor;
  }

  /** From 0 to {@code steps}, both among them where there is room. */
  private static Tensor lengths(Random random, int steps, int batch) {
    int[] lengths = random.ints(batch, 0, steps + 1).toArray();
    lengths[0] = steps;
    lengths[batch / 2] = batch > 1 ? 0 : steps;
    return Tensor.of(lengths, batch);
  }

  private static Tensor state(
      Random random, Lstm.StateLayout layout, int directions, int batch, int width) {
    return layout == Lstm.StateLayout.DIRECTION_BATCH
        ? floats(random, directions, batch, width)
        : floats(random, batch, directions, width);
  }

  /** A cell without anything special. */
  public static Cell cell(Random random, int hidden, int input) {
    return Cell.of(
        matrix(random, 4 * hidden, input),
        matrix(random, 4 * hidden, hidden),
        matrix(random, 1, 4 * hidden));
  }

  /**
   * Sequences of different lengths in one batch, as inputs x and lengths.
   *
   * @param sequences each [length * size]
   * @param steps to which they are padded, with what no result may show
   */
  public static Map<String, Tensor> padded(float[][] sequences, int steps, int size) {
    int count = sequences.length;
    float[] x = new float[count * steps * size];
    Arrays.fill(x, 7.25f);
    int[] lengths = new int[count];
    for (int b = 0; b < count; b++) {
      lengths[b] = sequences[b].length / size;
      System.arraycopy(sequences[b], 0, x, b * steps * size, sequences[b].length);
    }
    return Map.of("x", Tensor.of(x, count, steps, size), "lengths", Tensor.of(lengths, count));
  }

  /** Normal numbers of variance 1/columns, so that products stay of order 1. */
  public static Matrix matrix(Random random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int k = 0; k < values.length; k++) {
      values[k] =
          (float) (random.nextGaussian() / Math.sqrt(columns == rows * columns ? 4 : columns));
    }
    return Matrix.of(rows, columns, values);
  }
}
