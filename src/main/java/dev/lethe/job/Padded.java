package dev.lethe.job;

import dev.lethe.InputException;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.network.Graph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Arrays that have an axis for the sequences, which all are equally long in memory. */
final class Padded implements Work {
  private record Cut(Port port, ArraySource source, int axis) {}

  private final Map<String, Tensor> uncut = new LinkedHashMap<>();
  private final List<Cut> inputs = new ArrayList<>();
  private final Map<String, Integer> sizes = new LinkedHashMap<>();
  private final Graph graph;
  private final Axes axes;
  private final Parts parts;
  private final int sequences;
  private final int most;

  Padded(Graph graph, Axes axes, Map<String, ArraySource> given, Parts parts, Limits limits) {
    this.graph = graph;
    this.axes = axes;
    this.parts = parts;
    Ports.checkNames(graph, given, List.of());
    for (Port port : graph.inputs()) {
      ArraySource source = given.get(port.name());
      if (source != null) {
        Ports.bind(port, port.shape(), source, sizes);
        axes.batchOf(port.shape())
            .ifPresentOrElse(
                axis -> inputs.add(new Cut(port, source, axis)),
                () -> uncut.put(port.name(), source.readAll()));
      }
    }
    if (inputs.isEmpty()) {
      throw new InputException("no given input has an axis '" + axes.batch() + "'");
    }
    this.sequences = inputs.get(0).source().shape()[inputs.get(0).axis()];
    Footprint footprint =
        new Footprint(graph, axes, given.keySet(), parts.wanted(), limits.devices());
    this.most =
        Math.min(
            limits.sequences().orElse(Integer.MAX_VALUE),
            footprint.sequences(sizes, limits.memory(), sequences));
    parts.shape(port -> shape(port, sequences));
  }

  @Override
  public int sequences() {
    return sequences;
  }

  @Override
  public int chunk(int first) {
    return Math.min(most, sequences - first);
  }

  /** Floating-point operations of the whole. */
  long operations() {
    Map<String, Integer> one = new LinkedHashMap<>(sizes);
    one.put(axes.batch(), 1);
    return sequences * graph.operations(one);
  }

  @Override
  public void read(Slot slot) {
    for (Cut cut : inputs) {
      int[] shape = cut.source().shape();
      shape[cut.axis()] = slot.count();
      Tensor target = slot.input(cut.port().name(), cut.port().type(), shape);
      cut.source().read(cut.axis(), slot.first(), target);
    }
    slot.inputs.putAll(uncut);
    for (Port port : parts.ports()) {
      slot.output(port.name(), port.type(), shape(port, slot.count()));
    }
  }

  @Override
  public String where(Slot slot) {
    return "sequences " + slot.first() + " to " + (slot.first() + slot.count() - 1);
  }

  @Override
  public void write(Slot slot) {
    for (Port port : parts.ports()) {
      int axis = axes.batchOf(port.shape()).orElseThrow();
      parts.write(port, axis, slot.first(), slot.output(port.name()));
    }
  }

  private int[] shape(Port port, int count) {
    Map<String, Integer> cut = new LinkedHashMap<>(sizes);
    cut.put(axes.batch(), count);
    return port.shape().resolve(cut);
  }
}
