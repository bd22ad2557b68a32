package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.util.List;

/**
 * Takes one step counted back from each sequence's own end: y[b, :] = x[b, lengths[b] - back, :],
 * or likewise from a time-major x. Zeros where a sequence is shorter than that.
 *
 * @param name for people
 * @param layout order of x's axes
 * @param back 1 for the last step of each sequence, 2 for the one before; at least 1
 * @param x [T, B, F] or [B, T, F]
 * @param lengths int [B]: an input of the graph
 * @param y [B, F]
 */
public record SelectStep(
    String name, Lstm.SequenceLayout layout, int back, Value x, Value lengths, Value y)
    implements Stage {
  /** Checks the shapes. */
  public SelectStep {
    if (back < 1 || x.shape().rank() != 3) {
      throw new IllegalArgumentException(
          "SelectStep " + name + ": no step " + back + " back in " + x);
    }
    Dim batch = x.shape().dim(layout == Lstm.SequenceLayout.TIME_MAJOR ? 1 : 0);
    if (lengths.type() != Tensor.Type.INT32
        || !lengths.shape().equals(Shape.of(batch))
        || !y.shape().equals(Shape.of(batch, x.shape().dim(2)))) {
      throw new IllegalArgumentException(
          "SelectStep " + name + ": " + x + " by " + lengths + " makes no " + y);
    }
  }

  @Override
  public List<Value> inputs() {
    return List.of(x, lengths);
  }

  @Override
  public List<Value> outputs() {
    return List.of(y);
  }
}
