package dev.lethe.job;

import dev.lethe.InputException;
import dev.lethe.Port;
import dev.lethe.Tensor;
import dev.lethe.io.ArraySource;
import dev.lethe.network.Graph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Sequences of any lengths that stand one after another, without padding: arrays in which the
 * network counts time steps are [sum of lengths, ...] with the axes that are left in their order;
 * others are as the network has them. The longest sequences run first, together with others of
 * about their length, so that little is padded, and memory once taken is enough for what follows.
 */
final class Flat implements Work {
  private record Cut(Port port, ArraySource source) {}

  private final Graph graph;
  private final Axes axes;
  private final Parts parts;
  private final Limits limits;
  private final int[] offsets;
  private final int[] order;
  private final Set<String> lengths;
  private final boolean padded;
  private final Footprint footprint;
  private final Map<String, Integer> sizes = new LinkedHashMap<>();
  private final Map<String, Tensor> uncut = new LinkedHashMap<>();
  private final List<Cut> inputs = new ArrayList<>();
  private final Memory reading = new Memory();
  private final Memory writing = new Memory();

  /**
   * @param given by name; those in which the network counts time steps are flat
   * @param offsets where each sequence begins, and where the last one ends
   */
  Flat(
      Graph graph,
      Axes axes,
      Map<String, ArraySource> given,
      int[] offsets,
      Parts parts,
      Limits limits) {
    this.graph = graph;
    this.axes = axes;
    this.parts = parts;
    this.limits = limits;
    this.offsets = offsets;
    this.lengths = Ragged.lengths(graph);
    this.padded = Ragged.mayBePadded(graph, axes);
    checkPorts(given.keySet());
    checkOffsets();
    this.order = longestFirst();
    bind(given);
    this.footprint = new Footprint(graph, axes, given.keySet(), parts.wanted(), limits.devices());
    parts.shape(port -> axes.flat(port.shape()).resolve(sizes));
  }

  private void checkPorts(Set<String> given) {
    if (axes.time().isEmpty()) {
      throw new InputException("--offsets: the model fixes its number of steps; leave it out");
    }
    for (String name : lengths) {
      if (given.contains(name)) {
        throw new InputException(
            "--offsets: tells the lengths; leave out input '" + name + "', so --lengths too");
      }
    }
    List<Port> ports = new ArrayList<>(graph.inputs());
    ports.addAll(parts.ports());
    for (Port port : ports) {
      if (!axes.isFlat(port.shape())) {
        throw new InputException("--offsets: " + port + " has no steps of a sequence of its own");
      }
    }
  }

  private void checkOffsets() {
    if (offsets.length < 2) {
      throw new InputException(
          "--offsets: has "
              + offsets.length
              + (offsets.length == 1 ? " element" : " elements")
              + "; must have one more than there are sequences");
    }
    for (int k = 0; k < offsets.length; k++) {
      int least = k == 0 ? 0 : offsets[k - 1];
      if (offsets[k] < least || (k == 0 && offsets[k] > 0)) {
        throw new InputException(
            "--offsets: element "
                + k
                + " is "
                + offsets[k]
                + (k == 0 ? "; the first must be 0" : ", less than the one before, " + least));
      }
    }
    if (!padded && IntStream.range(0, sequences()).anyMatch(k -> length(k) == 0)) {
      throw new InputException(
          "--offsets: a sequence is empty, which a model that takes no lengths cannot run");
    }
  }

  private void bind(Map<String, ArraySource> given) {
    Ports.checkNames(graph, given, List.copyOf(lengths));
    sizes.put(axes.batch(), sequences());
    sizes.put(Axes.ROWS.toString(), offsets[sequences()]);
    for (Port port : graph.inputs()) {
      ArraySource source = given.get(port.name());
      if (source != null) {
        Ports.bind(port, axes.flat(port.shape()), source, sizes);
        if (axes.batchOf(port.shape()).isPresent()) {
          inputs.add(new Cut(port, source.isRandom() ? source : ArraySource.of(source.readAll())));
        } else {
          uncut.put(port.name(), source.readAll());
        }
      }
    }
  }

  /** By length and then by place: in numbers, since objects would take more than the arrays. */
  private int[] longestFirst() {
    long[] keys = new long[sequences()];
    for (int k = 0; k < keys.length; k++) {
      keys[k] = (long) (Integer.MAX_VALUE - length(k)) << Integer.SIZE | k;
    }
    Arrays.sort(keys);
    return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
  }

  private int length(int sequence) {
    return offsets[sequence + 1] - offsets[sequence];
  }

  @Override
  public int sequences() {
    return offsets.length - 1;
  }

  /** Floating-point operations of the whole. */
  long operations() {
    return offsets[sequences()] * graph.operations(sizes(1, 1));
  }

  @Override
  public int chunk(int first) {
    int longest = length(order[first]);
    long alike = offsets[sequences()] / Math.max(1, longest);
    int most =
        Math.min(
            limits.sequences().orElse(Integer.MAX_VALUE),
            footprint.sequences(sizes(1, longest), limits.memory(), alike));
    int count = 1;
    while (count < Math.min(most, sequences() - first)
        && isAlike(length(order[first + count]), longest)) {
      count++;
    }
    return count;
  }

  /** At most half of a chunk is padding, and none where the network would not stand it. */
  private boolean isAlike(int length, int longest) {
    return padded ? length >= longest / 2 : length == longest;
  }

  @Override
  public String where(Slot slot) {
    return "sequences of at most " + length(order[slot.first()]) + " steps";
  }

  @Override
  public void read(Slot slot) {
    Map<String, Integer> cut = sizes(slot.count(), length(order[slot.first()]));
    for (Cut each : inputs) {
      Port port = each.port();
      Tensor target = slot.input(port.name(), port.type(), port.shape().resolve(cut));
      for (int place = 0; place < slot.count(); place++) {
        read(each, order[slot.first() + place], target, place);
      }
    }
    for (String name : lengths) {
      Tensor target = slot.input(name, Tensor.Type.INT32, slot.count());
      for (int place = 0; place < slot.count(); place++) {
        target.ints().put(place, length(order[slot.first() + place]));
      }
    }
    slot.inputs.putAll(uncut);
    for (Port port : parts.ports()) {
      slot.output(port.name(), port.type(), port.shape().resolve(cut));
    }
  }

  @Override
  public void write(Slot slot) {
    for (Port port : parts.ports()) {
      for (int place = 0; place < slot.count(); place++) {
        write(port, slot.output(port.name()), place, order[slot.first() + place]);
      }
    }
  }

  private void read(Cut each, int sequence, Tensor target, int place) {
    Rows rows = new Rows(axes, each.port().shape(), target, place);
    if (axes.timeOf(each.port().shape()).isEmpty()) {
      Tensor one = rows.of(reading, 1);
      each.source().read(rows.batch(), sequence, one);
      rows.put(one);
    } else if (length(sequence) > 0) {
      Tensor steps = rows.of(reading, length(sequence));
      each.source().read(0, offsets[sequence], steps);
      rows.put(steps);
    }
  }

  private void write(Port port, Tensor whole, int place, int sequence) {
    Rows rows = new Rows(axes, port.shape(), whole, place);
    if (axes.timeOf(port.shape()).isEmpty()) {
      parts.write(port, rows.batch(), sequence, rows.get(rows.of(writing, 1)));
    } else if (length(sequence) > 0) {
      parts.write(port, 0, offsets[sequence], rows.get(rows.of(writing, length(sequence))));
    }
  }

  private Map<String, Integer> sizes(int count, int steps) {
    Map<String, Integer> cut = new LinkedHashMap<>(sizes);
    cut.put(axes.batch(), count);
    // without a step there is no array, but there may be initial states to hand on
    cut.put(axes.time().orElseThrow(), Math.max(1, steps));
    return cut;
  }
}
