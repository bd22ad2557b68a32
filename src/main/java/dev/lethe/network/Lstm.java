package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One LSTM layer over whole sequences, in one direction or two. D directions, P output size, H
 * hidden size.
 *
 * <p>Past a sequence's length y is 0, and its final states are those after its last step; a reverse
 * direction starts at the last step of each sequence (ONNX operator LSTM, PyTorch packed
 * sequences).
 *
 * <p>A step that the mask skips leaves h and c as they are; y there is that of the step before, in
 * the order of processing, and 0 before the first (Keras).
 *
 * @param name for people
 * @param xLayout order of x's axes
 * @param yLayout order of y's axes
 * @param stateLayout order of the states' axes
 * @param directions one or two
 * @param x [T, B, I] or [B, T, I]
 * @param lengths int [B], each from 0 to T: an input of the graph; empty for T throughout
 * @param mask float [T, B] or [B, T], as x has them; 0 for a step to skip. Empty for none; not
 *     together with lengths, a projection or normalization
 * @param initialH [D, B, P] or [B, D, P]; empty for zeros
 * @param initialC [D, B, H] or [B, D, H]; empty for zeros
 * @param y [T, D, B, P], [T, B, D*P] or [B, T, D*P]
 * @param finalH like initialH
 * @param finalC like initialC
 */
public record Lstm(
    String name,
    SequenceLayout xLayout,
    OutputLayout yLayout,
    StateLayout stateLayout,
    List<Direction> directions,
    Value x,
    Optional<Value> lengths,
    Optional<Value> mask,
    Optional<Value> initialH,
    Optional<Value> initialC,
    Value y,
    Value finalH,
    Value finalC)
    implements Stage {
  /** Order of the axes of x. */
  public enum SequenceLayout {
    /** [T, B, I]. */
    TIME_MAJOR,
    /** [B, T, I]. */
    BATCH_MAJOR
  }

  /** Order of the axes of y. */
  public enum OutputLayout {
    /** [T, D, B, P], the ONNX operator's. */
    TIME_DIRECTION_BATCH,
    /** [T, B, D*P], PyTorch's default. */
    TIME_BATCH_DIRECTION,
    /**
     * [B, T, D*P], PyTorch's batch_first; the memory of ONNX's layout=1 [B, T, D, P] is the same.
     */
    BATCH_TIME_DIRECTION
  }

  /** Order of the axes of h and c. */
  public enum StateLayout {
    /** [D, B, ...]. */
    DIRECTION_BATCH,
    /** [B, D, ...], ONNX's layout=1. */
    BATCH_DIRECTION
  }

  /**
   * One direction of the layer.
   *
   * @param reverse whether it runs from each sequence's last step to its first
   * @param cell its weights
   */
  public record Direction(boolean reverse, Cell cell) {}

  /**
   * How far apart neighbours are in memory, in elements.
   *
   * @param time from one step to the next
   * @param direction from one direction to the other
   * @param batch from one sequence to the next
   */
  public record Strides(int time, int direction, int batch) {}

  /** Checks the shapes. */
  public Lstm {
    directions = List.copyOf(directions);
    Cell first = directions.get(0).cell();
    Dim batch = x.shape().dim(xLayout == SequenceLayout.TIME_MAJOR ? 1 : 0);
    Dim time = x.shape().dim(xLayout == SequenceLayout.TIME_MAJOR ? 0 : 1);
    int count = directions.size();
    String where = "LSTM " + name + ": ";
    require(count == 1 || count == 2, where + "one direction or two, not " + count);
    require(x.shape().rank() == 3, where + "x must be [time, batch, features], is " + x);
    require(
        x.shape().dim(2).equals(Dim.of(first.inputSize())),
        where + "x must have " + first.inputSize() + " features, is " + x);
    for (Direction direction : directions) {
      Cell cell = direction.cell();
      require(
          cell.inputSize() == first.inputSize()
              && cell.hiddenSize() == first.hiddenSize()
              && cell.outputSize() == first.outputSize()
              && cell.norm().isPresent() == first.norm().isPresent(),
          where + "the directions differ in size or normalization");
    }
    Shape h = stateShape(stateLayout, count, batch, first.outputSize());
    Shape c = stateShape(stateLayout, count, batch, first.hiddenSize());
    lengths.ifPresent(
        v ->
            require(
                v.type() == Tensor.Type.INT32 && v.shape().equals(Shape.of(batch)),
                where + "lengths must be [" + batch + "], are " + v));
    mask.ifPresent(
        v ->
            require(
                v.type() == Tensor.Type.FLOAT32
                    && v.shape().equals(Shape.of(x.shape().dim(0), x.shape().dim(1)))
                    && lengths.isEmpty()
                    && first.projection().isEmpty()
                    && first.norm().isEmpty(),
                where + "the mask cannot be " + v));
    initialH.ifPresent(
        v -> require(v.shape().equals(h), where + "initial h must be " + h + ", is " + v));
    initialC.ifPresent(
        v -> require(v.shape().equals(c), where + "initial c must be " + c + ", is " + v));
    require(
        finalH.shape().equals(h) && finalC.shape().equals(c),
        where + "final states must be " + h + " and " + c);
    require(
        y.shape()
            .count()
            .equals(time.times(batch).times(Dim.of((long) count * first.outputSize()))),
        where + "y has the wrong size: " + y);
  }

  /** The shape that h (width P) or c (width H) must have. */
  public static Shape stateShape(StateLayout layout, int directions, Dim batch, int width) {
    return layout == StateLayout.DIRECTION_BATCH
        ? Shape.of(Dim.of(directions), batch, Dim.of(width))
        : Shape.of(batch, Dim.of(directions), Dim.of(width));
  }

  /** The same layer with other initial states. */
  public Lstm withInitial(Optional<Value> h, Optional<Value> c) {
    return new Lstm(
        name, xLayout, yLayout, stateLayout, directions, x, lengths, mask, h, c, y, finalH, finalC);
  }

  /** The same layer with other cells of the same sizes. */
  public Lstm withDirections(List<Direction> others) {
    return new Lstm(
        name,
        xLayout,
        yLayout,
        stateLayout,
        others,
        x,
        lengths,
        mask,
        initialH,
        initialC,
        y,
        finalH,
        finalC);
  }

  /** The axis of x that counts steps. */
  public Dim time() {
    return x.shape().dim(xLayout == SequenceLayout.TIME_MAJOR ? 0 : 1);
  }

  /** The axis of x that counts sequences. */
  public Dim batch() {
    return x.shape().dim(xLayout == SequenceLayout.TIME_MAJOR ? 1 : 0);
  }

  /** Width of x. */
  public int inputSize() {
    return directions.get(0).cell().inputSize();
  }

  /** Width of c. */
  public int hiddenSize() {
    return directions.get(0).cell().hiddenSize();
  }

  /** Width of h. */
  public int outputSize() {
    return directions.get(0).cell().outputSize();
  }

  /** Where step t of sequence b of x begins: t*time + b*batch. */
  public Strides xStrides(int steps, int sequences) {
    int width = inputSize();
    return xLayout == SequenceLayout.TIME_MAJOR
        ? new Strides(sequences * width, 0, width)
        : new Strides(width, 0, steps * width);
  }

  /** Where step t of sequence b of the mask is. */
  public Strides maskStrides(int steps, int sequences) {
    return xLayout == SequenceLayout.TIME_MAJOR
        ? new Strides(sequences, 0, 1)
        : new Strides(1, 0, steps);
  }

  /** Where step t of direction d of sequence b of y begins. */
  public Strides yStrides(int steps, int sequences) {
    int width = outputSize();
    int all = directions.size() * width;
    return switch (yLayout) {
      case TIME_DIRECTION_BATCH -> new Strides(sequences * all, sequences * width, width);
      case TIME_BATCH_DIRECTION -> new Strides(sequences * all, width, all);
      case BATCH_TIME_DIRECTION -> new Strides(all, width, steps * all);
    };
  }

  /** Where direction d of sequence b of a state begins; {@code width} is P for h, H for c. */
  public Strides stateStrides(int sequences, int width) {
    return stateLayout == StateLayout.DIRECTION_BATCH
        ? new Strides(0, sequences * width, width)
        : new Strides(0, width, directions.size() * width);
  }

  @Override
  public List<Value> inputs() {
    List<Value> all = new ArrayList<>(List.of(x));
    lengths.ifPresent(all::add);
    mask.ifPresent(all::add);
    initialH.ifPresent(all::add);
    initialC.ifPresent(all::add);
    return List.copyOf(all);
  }

  @Override
  public List<Value> outputs() {
    return List.of(y, finalH, finalC);
  }

  @Override
  public String describe() {
    String way =
        directions.size() == 2
            ? "bidirectional"
            : directions.get(0).reverse() ? "reverse" : "forward";
    String projected = outputSize() == hiddenSize() ? "" : ", projected to " + outputSize();
    return "Lstm "
        + name
        + ": "
        + x
        + ", "
        + way
        + ", hidden "
        + hiddenSize()
        + projected
        + " -> "
        + y;
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
