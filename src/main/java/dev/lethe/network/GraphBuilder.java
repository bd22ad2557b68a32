package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Adds stages one by one, works out the shapes of what they write and keeps names unique. What
 * importers and hand-written networks are made with. A shape that does not fit throws {@link
 * IllegalArgumentException}.
 */
public final class GraphBuilder {
  private final List<Graph.Entry> entries = new ArrayList<>();
  private final List<Stage> stages = new ArrayList<>();
  private final List<Graph.Result> results = new ArrayList<>();
  private final Set<String> names = new HashSet<>();

  /**
   * What an LSTM layer writes: T time steps, B sequences, D directions, H hidden size, P output
   * size.
   *
   * @param y every step's output, in the layout that was asked for, as [T, B, D*P]
   * @param finalH each sequence's last output [D, B, P], or [B, D, P]
   * @param finalC each sequence's last cell [D, B, H], or [B, D, H]
   */
  public record LstmOutputs(Value y, Value finalH, Value finalC) {}

  /**
   * An input that must be given.
   *
   * @param name what the caller of a run names it
   * @param shape a {@link Dim#symbol} where the data tell the length; one name is one size
   *     everywhere
   * @return the value that stages read
   */
  public Value input(String name, Tensor.Type type, Shape shape) {
    return input(name, type, shape, Graph.Default.NONE);
  }

  /**
   * An input.
   *
   * @param name what the caller of a run names it
   * @param shape a {@link Dim#symbol} where the data tell the length; one name is one size
   *     everywhere
   * @param fallback what it is when the caller leaves it out
   * @return the value that stages read
   */
  public Value input(String name, Tensor.Type type, Shape shape, Graph.Default fallback) {
    Value value = value(name, type, shape);
    entries.add(new Graph.Entry(value, fallback));
    return value;
  }

  /**
   * Makes {@code value} an output.
   *
   * @param name what the result of a run names it
   * @param value an input's or a stage's
   * @return this
   */
  public GraphBuilder output(String name, Value value) {
    results.add(new Graph.Result(name, value));
    return this;
  }

  /**
   * One LSTM layer; see {@link Lstm} for the equations.
   *
   * @param name for people
   * @param layouts of x, y and the states
   * @param directions one or two, of equal sizes
   * @param x [T, B, I] or [B, T, I], as the layouts say
   * @param lengths steps of each sequence, int [B], 0 to T; T for each where there are none
   * @param initialH [D, B, P] or [B, D, P]; zeros where there is none
   * @param initialC [D, B, H] or [B, D, H]; zeros where there is none
   * @return what it writes
   */
  public LstmOutputs lstm(
      String name,
      Layouts layouts,
      List<Lstm.Direction> directions,
      Value x,
      Optional<Value> lengths,
      Optional<Value> initialH,
      Optional<Value> initialC) {
    return lstm(name, layouts, directions, x, lengths, Optional.empty(), initialH, initialC);
  }

  /** One LSTM layer that skips the steps where {@code mask} is 0; see {@link Lstm}. */
  public LstmOutputs lstm(
      String name,
      Layouts layouts,
      List<Lstm.Direction> directions,
      Value x,
      Optional<Value> lengths,
      Optional<Value> mask,
      Optional<Value> initialH,
      Optional<Value> initialC) {
    Cell cell = directions.get(0).cell();
    boolean timeMajor = layouts.x() == Lstm.SequenceLayout.TIME_MAJOR;
    Dim time = x.shape().dim(timeMajor ? 0 : 1);
    Dim batch = x.shape().dim(timeMajor ? 1 : 0);
    int count = directions.size();
    Dim wide = Dim.of((long) count * cell.outputSize());
    Shape y =
        switch (layouts.y()) {
          case TIME_DIRECTION_BATCH ->
              Shape.of(time, Dim.of(count), batch, Dim.of(cell.outputSize()));
          case TIME_BATCH_DIRECTION -> Shape.of(time, batch, wide);
          case BATCH_TIME_DIRECTION -> Shape.of(batch, time, wide);
        };
    Shape h = Lstm.stateShape(layouts.state(), count, batch, cell.outputSize());
    Shape c = Lstm.stateShape(layouts.state(), count, batch, cell.hiddenSize());
    Lstm stage =
        new Lstm(
            name,
            layouts.x(),
            layouts.y(),
            layouts.state(),
            directions,
            x,
            lengths,
            mask,
            initialH,
            initialC,
            floats(name + ".y", y),
            floats(name + ".h", h),
            floats(name + ".c", c));
    stages.add(stage);
    return new LstmOutputs(stage.y(), stage.finalH(), stage.finalC());
  }

  /**
   * The x of a layer whose gates have each a signal of their own; see {@link Cell#ofSignals}.
   *
   * @param name for people
   * @param signals of i, f, g and o: each [T, B, ...] or each [B, T, ...]
   * @return [T, B, sum of their widths], or [B, T, ...]
   */
  public Value signals(String name, List<Value> signals) {
    if (signals.size() != Cell.GATES) {
      throw new IllegalArgumentException(
          name + ": the gates i, f, g and o need four signals, there are " + signals.size());
    }
    return concat(name, 2, signals);
  }

  /**
   * Orders of axes of an LSTM layer.
   *
   * @param x of the input
   * @param y of the output of every step
   * @param state of initial and final states
   */
  public record Layouts(Lstm.SequenceLayout x, Lstm.OutputLayout y, Lstm.StateLayout state) {
    /** ONNX, layout=0: x [T, B, I], y [T, D, B, P], states [D, B, ...]. */
    public static final Layouts ONNX =
        new Layouts(
            Lstm.SequenceLayout.TIME_MAJOR,
            Lstm.OutputLayout.TIME_DIRECTION_BATCH,
            Lstm.StateLayout.DIRECTION_BATCH);

    /** ONNX, layout=1: x [B, T, I], y [B, T, D*P], states [B, D, ...]. */
    public static final Layouts ONNX_BATCH_MAJOR =
        new Layouts(
            Lstm.SequenceLayout.BATCH_MAJOR,
            Lstm.OutputLayout.BATCH_TIME_DIRECTION,
            Lstm.StateLayout.BATCH_DIRECTION);

    /** PyTorch, batch_first: x [B, T, I], y [B, T, D*P], states [D, B, ...]. */
    public static final Layouts BATCH_FIRST =
        new Layouts(
            Lstm.SequenceLayout.BATCH_MAJOR,
            Lstm.OutputLayout.BATCH_TIME_DIRECTION,
            Lstm.StateLayout.DIRECTION_BATCH);

    /** PyTorch's default: x [T, B, I], y [T, B, D*P], states [D, B, ...]. */
    public static final Layouts TIME_FIRST =
        new Layouts(
            Lstm.SequenceLayout.TIME_MAJOR,
            Lstm.OutputLayout.TIME_BATCH_DIRECTION,
            Lstm.StateLayout.DIRECTION_BATCH);
  }

  /**
   * y = x * weights + bias.
   *
   * @param weights [K][N]
   * @param bias [1][N]
   * @param x [..., K]
   * @return [..., N]
   */
  public Value dense(String name, Matrix weights, Matrix bias, Value x) {
    Value y = floats(name, x.shape().with(-1, Dim.of(weights.columns())));
    return add(new Dense(name, weights, bias, x, y), y);
  }

  /**
   * y[..., :] = table[ids[...], :].
   *
   * @param table [count][N]
   * @param ids int [...]; a run refuses one below 0 or from count on
   * @return [..., N]
   */
  public Value embedding(String name, Matrix table, Value ids) {
    List<Dim> dims = new ArrayList<>(ids.shape().dims());
    dims.add(Dim.of(table.columns()));
    Value y = floats(name, new Shape(dims));
    return add(new Embedding(name, table, ids, y), y);
  }

  /**
   * y = function(x), for each element.
   *
   * @return of the shape of x
   */
  public Value activation(String name, ActivationFunction function, Value x) {
    Value y = floats(name, x.shape());
    return add(new Activation(name, function, x, y), y);
  }

  /**
   * Softmax over the last axis.
   *
   * @param logarithm whether to take its logarithm
   * @return of the shape of x
   */
  public Value softmax(String name, boolean logarithm, Value x) {
    Value y = floats(name, x.shape());
    return add(new Softmax(name, logarithm, x, y), y);
  }

  /**
   * (x - mean) / sqrt(variance + epsilon) * scale + shift over the last axis.
   *
   * @param scale [1][N]
   * @param shift [1][N]
   * @param x [..., N]
   * @return of the shape of x
   */
  public Value layerNorm(String name, Matrix scale, Matrix shift, float epsilon, Value x) {
    Value y = floats(name, x.shape());
    return add(new LayerNorm(name, scale, shift, epsilon, x, y), y);
  }

  /**
   * 1 where any feature of a step differs from {@code skipped}, else 0.
   *
   * @param x [B, T, F], or ints [B, T], each its own feature
   * @return [B, T]
   */
  public Value stepMask(String name, float skipped, Value x) {
    Value y = floats(name, StepMask.shape(x));
    return add(new StepMask(name, skipped, x, y), y);
  }

  /**
   * The step {@code back} steps from each sequence's end.
   *
   * @param layout of x
   * @param back 1 for the last step
   * @param x [T, B, F] or [B, T, F]
   * @param lengths steps of each sequence, int [B]
   * @return [B, F]
   */
  public Value selectStep(
      String name, Lstm.SequenceLayout layout, int back, Value x, Value lengths) {
    Dim batch = x.shape().dim(layout == Lstm.SequenceLayout.TIME_MAJOR ? 1 : 0);
    Value y = floats(name, Shape.of(batch, x.shape().dim(2)));
    return add(new SelectStep(name, layout, back, x, lengths, y), y);
  }

  /**
   * Every {@code step}-th element of one axis.
   *
   * @param start the first; a negative one counts from the end
   * @param length how many
   * @return of the shape of x but for this axis
   */
  public Value slice(String name, Value x, int axis, long start, long step, Dim length) {
    Value y = value(name, x.type(), x.shape().with(axis, length));
    return add(new Slice(name, axis, start, step, x, y), y);
  }

  /**
   * Another order of axes.
   *
   * @param permutation axis k of the result is axis permutation[k] of x
   * @return of the shape of x in that order
   */
  public Value transpose(String name, Value x, List<Integer> permutation) {
    List<Dim> dims = permutation.stream().map(axis -> x.shape().dim(axis)).toList();
    Value y = value(name, x.type(), new Shape(dims));
    return add(new Transpose(name, permutation, x, y), y);
  }

  /**
   * The same elements under another shape.
   *
   * @param shape with as many elements, whatever the named sizes are
   * @return of that shape
   */
  public Value reshape(String name, Value x, Shape shape) {
    Value y = value(name, x.type(), shape);
    return add(new Reshape(name, x, y), y);
  }

  /**
   * One after another along one axis, whose lengths must be known unless there is one input only.
   *
   * @param xs of shapes that differ in this axis alone
   * @return as long in this axis as all of them
   */
  public Value concat(String name, int axis, List<Value> xs) {
    long sum = xs.stream().mapToLong(x -> x.shape().dim(axis).factor()).sum();
    Dim length = xs.size() == 1 ? xs.get(0).shape().dim(axis) : Dim.of(sum);
    if (xs.size() > 1 && !xs.stream().allMatch(x -> x.shape().dim(axis).isConstant())) {
      throw new IllegalArgumentException(
          "Concat " + name + ": axis " + axis + " of " + xs + " is not of known length");
    }
    Value y = value(name, xs.get(0).type(), xs.get(0).shape().with(axis, length));
    return add(new Concat(name, axis, xs, y), y);
  }

  /**
   * x repeated to a larger shape.
   *
   * @param shape with an axis of any length where x has one of length 1, and further axes in front
   * @return of that shape
   */
  public Value expand(String name, Value x, Shape shape) {
    Value y = value(name, x.type(), shape);
    return add(new Expand(name, x, y), y);
  }

  /**
   * a operation b, for each element.
   *
   * @param a of the shape of b
   * @return of that shape
   */
  public Value binary(String name, Binary.Operation operation, Value a, Value b) {
    Value y = floats(name, a.shape());
    return add(new Binary(name, operation, a, b, y), y);
  }

  /**
   * A fixed tensor.
   *
   * @param data not to be written again; it is not copied
   * @return of its shape
   */
  public Value constant(String name, Tensor data) {
    Value y = value(name, data.type(), Shape.of(data.shape()));
    return add(new Constant(name, data, y), y);
  }

  /**
   * The network so far; the builder may go on.
   *
   * @param name the model's
   * @param format file format and version, for people
   * @return an immutable network
   */
  public Graph build(String name, String format) {
    return new Graph(name, format, entries, stages, results);
  }

  private Value add(Stage stage, Value y) {
    stages.add(stage);
    return y;
  }

  private Value floats(String name, Shape shape) {
    return value(name, Tensor.Type.FLOAT32, shape);
  }

  private Value value(String name, Tensor.Type type, Shape shape) {
    String unique = name;
    for (int n = 2; !names.add(unique); n++) {
      unique = name + "#" + n;
    }
    return new Value(unique, type, shape);
  }
}
