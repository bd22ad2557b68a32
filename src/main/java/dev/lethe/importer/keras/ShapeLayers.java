package dev.lethe.importer.keras;

import dev.lethe.Dim;
import dev.lethe.ModelFormatException;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.ActivationFunction;
import dev.lethe.network.Binary;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Layers that move elements, and those that join several inputs. */
final class ShapeLayers {
  private ShapeLayers() {}

  /** [B, ...] becomes [B, F]. */
  static List<Signal> flatten(Use use) {
    Value x = use.floats(1, PlainLayers.MOST_AXES);
    if (x.shape().rank() > 2
        && use.config().text("data_format", "channels_last").equals("channels_first")) {
      throw use.error("has channels first, which Lethe does not run");
    }
    Shape shape = Shape.of(x.shape().dim(0), perSequence(x));
    return List.of(Signal.of(use.builder().reshape(use.name(), x, shape)));
  }

  /** target_shape counts without the batch; -1 stands for what is left. */
  static List<Signal> reshape(Use use) {
    Value x = use.floats(1, PlainLayers.MOST_AXES);
    List<Object> target = use.config().list("target_shape");
    Dim known = Dim.of(1);
    for (Object length : target) {
      int n = Config.integer(use.layer().where() + ": 'target_shape'", length);
      known = n == -1 ? known : known.times(Dim.of(n));
    }
    Dim rest = perSequence(x).dividedBy(known).orElse(Dim.of(0));
    List<Dim> dims = new ArrayList<>(List.of(x.shape().dim(0)));
    for (Object length : target) {
      int n = Config.integer(use.layer().where() + ": 'target_shape'", length);
      dims.add(n == -1 ? rest : Dim.of(n));
    }
    return List.of(Signal.of(use.builder().reshape(use.name(), x, new Shape(dims))));
  }

  private static Dim perSequence(Value x) {
    return x.shape().dims().stream().skip(1).reduce(Dim.of(1), Dim::times);
  }

  /** dims counts from 1, the batch being 0. */
  static List<Signal> permute(Use use) {
    Value x = use.floats(2, PlainLayers.MOST_AXES);
    List<Integer> permutation = new ArrayList<>(List.of(0));
    for (Object axis : use.config().list("dims")) {
      permutation.add(Config.integer(use.layer().where() + ": 'dims'", axis));
    }
    long distinct = permutation.stream().distinct().count();
    int rank = x.shape().rank();
    if (distinct != rank || permutation.stream().anyMatch(axis -> axis < 0 || axis >= rank)) {
      throw use.error("cannot permute " + x.shape() + " by " + permutation);
    }
    return List.of(Signal.of(use.builder().transpose(use.name(), x, permutation)));
  }

  /** [B, F] becomes [B, n, F]. */
  static List<Signal> repeatVector(Use use) {
    Value x = use.floats(2, 2);
    Dim batch = x.shape().dim(0);
    Dim features = x.shape().dim(1);
    Value one = use.builder().reshape(use.name(), x, Shape.of(batch, Dim.of(1), features));
    Shape shape = Shape.of(batch, Dim.of(use.config().size("n")), features);
    return List.of(Signal.of(use.builder().expand(use.name(), one, shape)));
  }

  static List<Signal> concatenate(Use use) {
    List<Value> xs = several(use);
    int rank = xs.get(0).shape().rank();
    int given = Config.integer(use.layer().where() + ": 'axis'", use.config().get("axis"));
    int axis = given < 0 ? given + rank : given;
    if (axis < 1 || axis >= rank) {
      throw use.error("cannot join along axis " + given + " of " + xs.get(0).shape());
    }
    Optional<Value> mask = commonMask(use);
    if (mask.isPresent() && axis != rank - 1) {
      throw use.error("joins masked inputs along axis " + axis + ", which Lethe does not run");
    }
    return List.of(new Signal(use.builder().concat(use.name(), axis, xs), mask));
  }

  static List<Signal> add(Use use) {
    return List.of(new Signal(folded(use, Binary.Operation.ADD), commonMask(use)));
  }

  static List<Signal> multiply(Use use) {
    return List.of(new Signal(folded(use, Binary.Operation.MULTIPLY), commonMask(use)));
  }

  static List<Signal> subtract(Use use) {
    if (use.inputs().size() != 2) {
      throw use.error("takes two inputs, has " + use.inputs().size());
    }
    return List.of(new Signal(folded(use, Binary.Operation.SUBTRACT), commonMask(use)));
  }

  static List<Signal> average(Use use) {
    Value sum = folded(use, Binary.Operation.ADD);
    ActivationFunction share =
        new ActivationFunction(ActivationFunction.Kind.AFFINE, 1f / use.inputs().size(), 0);
    Value y = use.builder().activation(use.name(), share, sum);
    return List.of(new Signal(y, commonMask(use)));
  }

  private static Value folded(Use use, Binary.Operation operation) {
    List<Value> xs = several(use);
    Shape shape = broadcast(use, xs);
    Value y = expanded(use, xs.get(0), shape);
    for (Value x : xs.subList(1, xs.size())) {
      y = use.builder().binary(use.name(), operation, y, expanded(use, x, shape));
    }
    return y;
  }

  private static Value expanded(Use use, Value x, Shape shape) {
    return x.shape().equals(shape) ? x : use.builder().expand(use.name(), x, shape);
  }

  /** Axes of length 1 are repeated; the number of axes must be the same. */
  private static Shape broadcast(Use use, List<Value> xs) {
    Shape shape = xs.get(0).shape();
    for (Value x : xs) {
      if (x.shape().rank() != shape.rank()) {
        throw misfit(use, xs);
      }
      for (int axis = 0; axis < shape.rank(); axis++) {
        Dim dim = x.shape().dim(axis);
        if (shape.dim(axis).equals(Dim.of(1))) {
          shape = shape.with(axis, dim);
        } else if (!dim.equals(Dim.of(1)) && !dim.equals(shape.dim(axis))) {
          throw misfit(use, xs);
        }
      }
    }
    return shape;
  }

  private static ModelFormatException misfit(Use use, List<Value> xs) {
    return use.error("cannot join inputs of shapes " + xs.stream().map(Value::shape).toList());
  }

  private static List<Value> several(Use use) {
    if (use.inputs().size() < 2) {
      throw use.error("joins at least two inputs, has " + use.inputs().size());
    }
    List<Value> xs = use.inputs().stream().map(Signal::value).toList();
    if (xs.stream().anyMatch(x -> x.type() != Tensor.Type.FLOAT32)) {
      throw use.error("takes real numbers, has integers");
    }
    return xs;
  }

  /** Keras combines masks; Lethe runs what needs no combining. */
  private static Optional<Value> commonMask(Use use) {
    Optional<Value> first = use.input().mask();
    if (!use.inputs().stream().allMatch(input -> input.mask().equals(first))) {
      throw use.error("joins inputs that are masked differently, which Lethe does not run");
    }
    return first;
  }
}
