package dev.lethe.job;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Shape;
import dev.lethe.io.ArraySource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Holds whole arrays against a network's inputs, before anything runs. */
final class Ports {
  private Ports() {}

  /**
   * Refuses names that the network does not have, and its required ones that are missing.
   *
   * @param ours names that need not be given
   */
  static void checkNames(Network network, Map<String, ArraySource> given, List<String> ours) {
    List<String> names = network.inputs().stream().map(Port::name).toList();
    for (String name : given.keySet()) {
      if (!names.contains(name)) {
        throw new InputException("no input '" + name + "'; there are " + names);
      }
    }
    for (Port port : network.inputs()) {
      if (!port.optional() && !given.containsKey(port.name()) && !ours.contains(port.name())) {
        throw new InputException("input '" + port.name() + "' " + port.shape() + " is missing");
      }
    }
  }

  /**
   * Holds an array against the shape that it should have.
   *
   * @param sizes named sizes known so far; those of this array come in
   */
  static void bind(Port port, Shape shape, ArraySource source, Map<String, Integer> sizes) {
    int[] given = source.shape();
    boolean fits = source.type() == port.type() && given.length == shape.rank();
    String clash = "";
    for (int axis = 0; fits && axis < given.length; axis++) {
      Dim dim = shape.dim(axis);
      if (dim.name().isPresent()) {
        Integer known = sizes.putIfAbsent(dim.name().get(), given[axis]);
        fits = known == null || known == given[axis];
        clash = fits ? "" : clash(dim, known);
      } else {
        fits = dim.equals(Dim.of(given[axis]));
      }
    }
    boolean empty = Arrays.stream(given).anyMatch(length -> length == 0);
    if (!fits || empty) {
      throw new InputException(
          "input '"
              + port.name()
              + "': expected "
              + port.type()
              + " "
              + shape
              + ", got "
              + source.type()
              + " "
              + Arrays.toString(given)
              + clash
              + (source.type() == port.type() ? "" : "; convert it to " + port.type())
              + (empty ? ", which is empty" : ""));
    }
  }

  private static String clash(Dim dim, int known) {
    String other = dim.equals(Axes.ROWS) ? "the last of the offsets" : "another input";
    return " (" + other + " makes " + dim + " " + known + ")";
  }
}
