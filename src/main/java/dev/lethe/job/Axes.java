package dev.lethe.job;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where in an array the sequences and the time steps are counted.
 *
 * @param batch the named size that counts sequences
 * @param time the named size that counts time steps, if the network leaves it open
 */
public record Axes(String batch, Optional<String> time) {
  /** What the first axis of a flat array is. */
  static final Dim ROWS = Dim.symbol("sum of lengths");

  /**
   * Those of a network.
   *
   * @throws InputException when its arrays cannot be cut into sequences
   */
  public static Axes of(Network network) {
    Optional<String> obstacle = obstacle(network);
    if (obstacle.isPresent()) {
      throw new InputException(network.name() + ": " + obstacle.get());
    }
    return new Axes(network.batchSize().orElseThrow(), network.timeSteps());
  }

  /** Why a network's arrays cannot be cut into sequences, if so. */
  public static Optional<String> obstacle(Network network) {
    if (network.batchSize().isEmpty()) {
      return Optional.of("the model fixes its batch size");
    }
    String batch = network.batchSize().get();
    for (Port port : network.inputs()) {
      if (count(port.shape(), batch) > 1 || (uses(port.shape(), batch) && isMixed(port, batch))) {
        return Optional.of("input " + port + " mixes '" + batch + "' with others");
      }
    }
    for (Port port : network.outputs()) {
      if (count(port.shape(), batch) != 1 || isMixed(port, batch)) {
        return Optional.of("output " + port + " has no axis of its own for '" + batch + "'");
      }
    }
    return Optional.empty();
  }

  /** The axis that counts sequences. */
  public Optional<Integer> batchOf(Shape shape) {
    return axis(shape, batch);
  }

  /** The axis that counts time steps. */
  Optional<Integer> timeOf(Shape shape) {
    return time.flatMap(name -> axis(shape, name));
  }

  /** The axis that counts rows of a {@link #flat} array: steps if there are any. */
  public int rowAxis(Shape shape) {
    return timeOf(shape).isPresent() ? 0 : batchOf(shape).orElse(0);
  }

  /** Whether it counts steps of a sequence in an axis of its own, beside the sequences, or none. */
  boolean isFlat(Shape shape) {
    String name = time.orElseThrow();
    return !uses(shape, name)
        || (count(shape, name) == 1
            && shape.dim(timeOf(shape).orElseThrow()).name().isPresent()
            && uses(shape, batch));
  }

  /** The shape of all sequences' steps one after another, if it counts steps at all. */
  public Shape flat(Shape shape) {
    if (timeOf(shape).isEmpty()) {
      return shape;
    }
    List<Dim> dims = new ArrayList<>(List.of(ROWS));
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (!batchOf(shape).equals(Optional.of(axis)) && !timeOf(shape).equals(Optional.of(axis))) {
        dims.add(shape.dim(axis));
      }
    }
    return new Shape(dims);
  }

  private static Optional<Integer> axis(Shape shape, String name) {
    for (int axis = 0; axis < shape.rank(); axis++) {
      if (shape.dim(axis).symbols().contains(name)) {
        return Optional.of(axis);
      }
    }
    return Optional.empty();
  }

  private static long count(Shape shape, String name) {
    return shape.dims().stream().filter(dim -> dim.symbols().contains(name)).count();
  }

  private static boolean uses(Shape shape, String name) {
    return count(shape, name) > 0;
  }

  private static boolean isMixed(Port port, String name) {
    return port.shape().dims().stream()
        .filter(dim -> dim.symbols().contains(name))
        .map(Dim::name)
        .anyMatch(Optional::isEmpty);
  }
}
