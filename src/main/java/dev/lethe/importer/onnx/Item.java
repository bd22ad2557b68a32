package dev.lethe.importer.onnx;

import dev.lethe.Dim;
import dev.lethe.Shape;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a name of an ONNX graph stands for while the graph is run in the abstract. */
sealed interface Item {
  /** Lengths of its axes. */
  Shape shape();

  /** A tensor whose elements are known while importing. */
  sealed interface Known extends Item {
    /** Lengths of its axes; the elements are row-major. */
    int[] lengths();

    /** How many elements there are. */
    int size();

    /** Another tensor, made of some of these elements. */
    Known pick(int[] newLengths, int[] indices);

    /** The same elements under another shape. */
    Known reshaped(int[] newLengths);

    @Override
    default Shape shape() {
      return Shape.of(lengths());
    }
  }

  /**
   * Trained numbers and other real constants.
   *
   * @param lengths of the axes
   * @param data row-major, not to be written again
   */
  record Floats(int[] lengths, float[] data) implements Known {
    @Override
    public int size() {
      return data.length;
    }

    @Override
    public Floats pick(int[] newLengths, int[] indices) {
      float[] picked = new float[indices.length];
      for (int k = 0; k < picked.length; k++) {
        picked[k] = data[indices[k]];
      }
      return new Floats(newLengths, picked);
    }

    @Override
    public Floats reshaped(int[] newLengths) {
      return new Floats(newLengths, data);
    }

    /** Whether all elements have the same bits, and there is one. */
    boolean uniform() {
      int first = data.length == 0 ? 0 : Float.floatToRawIntBits(data[0]);
      for (float value : data) {
        if (Float.floatToRawIntBits(value) != first) {
          return false;
        }
      }
      return data.length > 0;
    }
  }

  /**
   * Integers: axes, indices, shapes.
   *
   * @param lengths of the axes
   * @param data row-major
   */
  record Ints(int[] lengths, List<Num> data) implements Known {
    static Ints scalar(Num value) {
      return new Ints(new int[0], List.of(value));
    }

    @Override
    public int size() {
      return data.size();
    }

    static Ints list(List<Num> values) {
      return new Ints(new int[] {values.size()}, List.copyOf(values));
    }

    @Override
    public Ints pick(int[] newLengths, int[] indices) {
      return new Ints(newLengths, Arrays.stream(indices).mapToObj(data::get).toList());
    }

    @Override
    public Ints reshaped(int[] newLengths) {
      return new Ints(newLengths, data);
    }

    /** The elements as lengths of axes. */
    Shape asShape() {
      List<Dim> dims = new ArrayList<>();
      data.forEach(num -> dims.add(num.dim()));
      return new Shape(dims);
    }
  }

  /**
   * One number all over a shape that may have named sizes: an initial state of zeros, mostly.
   *
   * @param value the number
   * @param shape where
   */
  record Fill(float value, Shape shape) implements Item {}

  /**
   * What a stage computes, or an input.
   *
   * @param value of the network
   */
  record Edge(Value value) implements Item {
    @Override
    public Shape shape() {
      return value.shape();
    }
  }
}
