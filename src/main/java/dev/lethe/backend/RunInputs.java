package dev.lethe.backend;

import dev.lethe.Dim;
import dev.lethe.InputException;
import dev.lethe.ModelFormatException;
import dev.lethe.Shape;
import dev.lethe.Tensor;
import dev.lethe.network.Embedding;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.SelectStep;
import dev.lethe.network.Stage;
import dev.lethe.network.Value;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Holds a run's inputs against the network: names, types, shapes, sizes, lengths and ids; fills in
 * the optional.
 */
final class RunInputs {
  /** What a caller may give. */
  private final List<Graph.Entry> entries;

  private final Map<String, Integer> vocabulary = new HashMap<>();
  private final Map<String, Dim> timeOfLengths = new HashMap<>();
  private final Map<String, Tensor> defaults = new HashMap<>();

  /** What was last checked, and how many of its tensors were given. */
  private Optional<Checked> last = Optional.empty();

  private int lastGiven;

  /** Sizes and all inputs of a run that may go ahead. */
  record Checked(Map<String, Integer> sizes, Map<String, Tensor> tensors) {}

  RunInputs(Graph graph) {
    this.entries =
        graph.entries().stream().filter(e -> e.fallback() != Graph.Default.STATE).toList();
    Map<String, String> origin = new HashMap<>();
    graph.entries().forEach(entry -> origin.put(entry.value().name(), entry.value().name()));
    for (Stage stage : graph.steps()) {
      if (stage instanceof Lstm lstm) {
        lstm.lengths().ifPresent(v -> timeOfLengths.put(entry(origin, v), lstm.time()));
      } else if (stage instanceof SelectStep select) {
        int axis = select.layout() == Lstm.SequenceLayout.TIME_MAJOR ? 0 : 1;
        timeOfLengths.putIfAbsent(entry(origin, select.lengths()), select.x().shape().dim(axis));
      } else if (stage instanceof Embedding embedding) {
        vocabulary.merge(entry(origin, embedding.ids()), embedding.table().rows(), Math::min);
      } else if (stage.inputs().size() == 1 && origin.containsKey(stage.inputs().get(0).name())) {
        // a stage that moves integers about hands their origin on
        stage
            .outputs()
            .forEach(y -> origin.put(y.name(), origin.get(stage.inputs().get(0).name())));
      }
    }
  }

  /**
   * @param given by name; optional ones may be missing
   * @throws InputException at the first thing that does not fit
   */
  Checked check(Map<String, Tensor> given) {
    if (last.isPresent() && replace(last.get(), given)) {
      return last.get();
    }
    last = Optional.empty();
    Checked checked = checkAnew(given);
    last = Optional.of(checked);
    lastGiven = given.size();
    return checked;
  }

  /**
   * Puts the tensors given into what was checked before, if they are the same but for their
   * elements; makes no objects then.
   */
  private boolean replace(Checked checked, Map<String, Tensor> given) {
    if (given.size() != lastGiven) {
      return false;
    }
    int found = 0;
    for (int k = 0; k < entries.size(); k++) {
      Tensor tensor = given.get(entries.get(k).value().name());
      if (tensor != null) {
        Tensor old = checked.tensors().get(entries.get(k).value().name());
        if (old == null || !tensor.isLike(old)) {
          return false;
        }
        found++;
      }
    }
    if (found != lastGiven) {
      return false;
    }
    for (int k = 0; k < entries.size(); k++) {
      String name = entries.get(k).value().name();
      Tensor tensor = given.get(name);
      if (tensor != null) {
        checkRange(name, tensor, checked.sizes());
        checked.tensors().put(name, tensor);
      } else if (checked.tensors().get(name) != defaults.get(name)) {
        return false;
      }
    }
    return true;
  }

  private Checked checkAnew(Map<String, Tensor> given) {
    for (String name : given.keySet()) {
      if (!names().contains(name)) {
        throw new InputException("no input '" + name + "'; there are " + names());
      }
    }
    Map<String, Integer> sizes = new LinkedHashMap<>();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Graph.Entry entry : entries) {
      Tensor tensor = given.get(entry.value().name());
      if (tensor != null) {
        bind(entry.value(), tensor, sizes);
        tensors.put(entry.value().name(), tensor);
      } else if (entry.fallback() == Graph.Default.NONE) {
        throw new InputException(
            "input '" + entry.value().name() + "' " + entry.value().shape() + " is missing");
      }
    }
    for (Graph.Entry entry : entries) {
      String name = entry.value().name();
      tensors.computeIfAbsent(name, key -> fallback(entry, sizes));
      checkRange(name, tensors.get(name), sizes);
    }
    return new Checked(sizes, tensors);
  }

  private void bind(Value value, Tensor tensor, Map<String, Integer> sizes) {
    if (tensor.type() != value.type()) {
      throw new InputException(
          expected(value)
              + ", got "
              + tensor.type()
              + " "
              + Arrays.toString(tensor.shape())
              + "; convert it to "
              + value.type());
    }
    Shape shape = value.shape();
    boolean fits = tensor.rank() == shape.rank();
    String clash = "";
    for (int axis = 0; fits && axis < shape.rank(); axis++) {
      Dim dim = shape.dim(axis);
      int length = tensor.dimension(axis);
      if (dim.name().isPresent()) {
        Integer known = sizes.putIfAbsent(dim.name().get(), length);
        fits = known == null || known == length;
        clash = fits ? "" : " (another input makes " + dim + " " + known + ")";
      } else {
        fits = dim.equals(Dim.of(length));
      }
    }
    if (!fits) {
      throw new InputException(
          expected(value) + ", got " + Arrays.toString(tensor.shape()) + clash);
    }
    if (tensor.size() == 0) {
      throw new InputException(
          expected(value) + ", got an empty tensor " + Arrays.toString(tensor.shape()));
    }
  }

  private static String expected(Value value) {
    return "input '" + value.name() + "': expected " + value.type() + " " + value.shape();
  }

  private Tensor fallback(Graph.Entry entry, Map<String, Integer> sizes) {
    int[] shape = entry.value().shape().resolve(sizes);
    int fill =
        entry.fallback() == Graph.Default.FULL_LENGTH ? time(entry.value().name(), sizes) : 0;
    return defaults.compute(
        entry.value().name(),
        (name, old) -> {
          boolean same =
              old != null
                  && Arrays.equals(old.shape(), shape)
                  && (fill == 0 || old.intAt(0) == fill);
          return same ? old : filled(entry.value().type(), fill, shape);
        });
  }

  private static Tensor filled(Tensor.Type type, int fill, int[] shape) {
    Tensor tensor = Tensor.allocate(type, shape);
    if (fill != 0) {
      IntBuffer ints = tensor.ints();
      while (ints.hasRemaining()) {
        ints.put(fill);
      }
    }
    return tensor;
  }

  private void checkRange(String name, Tensor tensor, Map<String, Integer> sizes) {
    Integer words = vocabulary.get(name);
    if (words != null) {
      range(name, tensor, -words, words - 1, "an id");
    }
    if (timeOfLengths.containsKey(name)) {
      range(name, tensor, 0, time(name, sizes), "a length");
    }
  }

  private static void range(String name, Tensor tensor, int least, int most, String what) {
    for (int k = 0; k < tensor.size(); k++) {
      int found = tensor.intAt(k);
      if (found < least || found > most) {
        throw new InputException(
            "input '"
                + name
                + "': element "
                + k
                + " is "
                + found
                + ", but "
                + what
                + " must be from "
                + least
                + " to "
                + most);
      }
    }
  }

  private int time(String name, Map<String, Integer> sizes) {
    Dim dim = timeOfLengths.get(name);
    return dim == null ? 0 : dim.resolve(sizes);
  }

  private static String entry(Map<String, String> origin, Value value) {
    String name = origin.get(value.name());
    if (name == null) {
      throw new ModelFormatException(
          "lengths and ids must come straight from one input of the network, and "
              + value
              + " does not");
    }
    return name;
  }

  private List<String> names() {
    return entries.stream().map(entry -> entry.value().name()).toList();
  }
}
