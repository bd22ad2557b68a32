package dev.lethe.cli;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.Network;
import dev.lethe.Port;
import dev.lethe.Session;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Runs a large batch in pieces along the axis that counts sequences. Inputs that have this axis are
 * cut, the others go into each piece whole; outputs are joined.
 */
final class Batches {
  private final Session session;
  private final String batch;
  private final int sequences;
  private final int most;
  private final Map<String, Tensor> reused = new LinkedHashMap<>();
  private int reusedFor;

  /**
   * @param most sequences in a piece
   * @throws InputException when the network cannot be cut
   */
  Batches(Session session, Map<String, Tensor> inputs, int most) {
    Network network = session.network();
    this.session = session;
    this.batch =
        network
            .batchSize()
            .orElseThrow(
                () ->
                    new InputException(
                        "--batch-size: the model fixes its batch size; leave it out"));
    network.outputs().forEach(this::requireAxis);
    this.sequences = sequences(network, inputs);
    this.most = most;
  }

  /** Number of sequences in all. */
  int sequences() {
    return sequences;
  }

  /**
   * Runs piece after piece.
   *
   * @param done told how many sequences are done after each piece
   */
  Map<String, Tensor> run(Map<String, Tensor> inputs, Set<String> wanted, IntConsumer done) {
    Map<String, Tensor> joined = new LinkedHashMap<>();
    for (int first = 0; first < sequences; first += most) {
      int count = Math.min(most, sequences - first);
      Map<String, Tensor> piece = piece(cut(inputs, first, count), count);
      for (Port port : session.network().outputs()) {
        if (wanted.contains(port.name())) {
          Tensor part = Objects.requireNonNull(piece.get(port.name()), port.name());
          int axis = axis(port.shape()).orElseThrow();
          Tensor whole =
              joined.computeIfAbsent(
                  port.name(),
                  name -> Tensor.allocate(part.type(), with(part.shape(), axis, sequences)));
          copy(part, 0, whole, first, axis, count);
        }
      }
      done.accept(first + count);
    }
    return joined;
  }

  /** Pieces of one size share the tensors that they are written to. */
  private Map<String, Tensor> piece(Map<String, Tensor> inputs, int count) {
    if (count == reusedFor) {
      session.run(inputs, reused);
    } else {
      reused.putAll(session.run(inputs));
      reusedFor = count;
    }
    return reused;
  }

  private Map<String, Tensor> cut(Map<String, Tensor> inputs, int first, int count) {
    Map<String, Tensor> cut = new LinkedHashMap<>();
    inputs.forEach(
        (name, whole) -> {
          Optional<Integer> axis = port(name).flatMap(port -> axis(port.shape()));
          boolean cuttable = axis.isPresent() && axis.get() < whole.rank();
          cut.put(name, cuttable ? cut(name, whole, axis.get(), first, count) : whole);
        });
    return cut;
  }

  private Tensor cut(String name, Tensor whole, int axis, int first, int count) {
    if (whole.dimension(axis) != sequences) {
      throw new InputException(
          "input '"
              + name
              + "' has "
              + whole.dimension(axis)
              + " sequences, another has "
              + sequences);
    }
    int[] shape = with(whole.shape(), axis, count);
    if (axis == 0) {
      int bytes = whole.bytes().capacity() / sequences;
      return Tensor.wrap(whole.bytes().slice(first * bytes, count * bytes), whole.type(), shape);
    }
    Tensor part = Tensor.allocate(whole.type(), shape);
    copy(whole, first, part, 0, axis, count);
    return part;
  }

  /**
   * Copies {@code count} lengths of one axis from one tensor into another that differs in this axis
   * only.
   */
  static void copy(Tensor from, int fromStart, Tensor to, int toStart, int axis, int count) {
    long outer = 1;
    for (int k = 0; k < axis; k++) {
      outer *= from.dimension(k);
    }
    long inner = Tensor.Type.BYTES;
    for (int k = axis + 1; k < from.rank(); k++) {
      inner *= from.dimension(k);
    }
    ByteBuffer source = from.bytes();
    ByteBuffer target = to.bytes();
    for (long row = 0; row < outer; row++) {
      int at = (int) ((row * from.dimension(axis) + fromStart) * inner);
      int into = (int) ((row * to.dimension(axis) + toStart) * inner);
      target.put(into, source, at, (int) (count * inner));
    }
  }

  private int sequences(Network network, Map<String, Tensor> inputs) {
    for (Port port : network.inputs()) {
      Tensor tensor = inputs.get(port.name());
      Optional<Integer> axis = axis(port.shape());
      if (tensor != null && axis.isPresent() && tensor.rank() == port.shape().rank()) {
        return checked(tensor.dimension(axis.get()), port);
      }
    }
    throw new InputException(
        "--batch-size: no given input has an axis '" + batch + "'; leave it out");
  }

  private static int checked(int sequences, Port port) {
    if (sequences == 0) {
      throw new InputException("input '" + port.name() + "': there is no sequence in it");
    }
    return sequences;
  }

  private void requireAxis(Port port) {
    if (axis(port.shape()).isEmpty()) {
      throw new InputException(
          "--batch-size: output "
              + port
              + " has no axis of its own for '"
              + batch
              + "'; leave it out");
    }
  }

  /** The one axis that counts sequences. */
  private Optional<Integer> axis(Shape shape) {
    Optional<Integer> found = Optional.empty();
    for (int axis = 0; axis < shape.rank(); axis++) {
      Dim dim = shape.dim(axis);
      if (dim.symbols().contains(batch)) {
        if (found.isPresent() || dim.name().isEmpty()) {
          throw new InputException(
              "--batch-size: " + shape + " mixes '" + batch + "' with others; leave it out");
        }
        found = Optional.of(axis);
      }
    }
    return found;
  }

  private Optional<Port> port(String name) {
    return session.network().inputs().stream().filter(p -> p.name().equals(name)).findFirst();
  }

  private static int[] with(int[] shape, int axis, int length) {
    int[] changed = shape.clone();
    changed[axis] = length;
    return changed;
  }
}
