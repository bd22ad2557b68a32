package dev.lethe.job;

import dev.lethe.network.Concat;
import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.Slice;
import dev.lethe.network.Softmax;
import dev.lethe.network.Stage;
import dev.lethe.network.Value;
import java.util.Set;
import java.util.stream.Collectors;

/** What a network makes of sequences that are not equally long. */
final class Ragged {
  private Ragged() {}

  /** The inputs that say how long the sequences are. */
  static Set<String> lengths(Graph graph) {
    Set<String> used =
        graph
            .lstms()
            .flatMap(lstm -> lstm.lengths().stream())
            .map(Value::name)
            .collect(Collectors.toSet());
    return graph.entries().stream()
        .map(entry -> entry.value().name())
        .filter(used::contains)
        .collect(Collectors.toSet());
  }

  /**
   * Whether a sequence's results stay what they are when steps are added behind its end: every LSTM
   * layer heeds the lengths, and nothing else looks at several steps.
   */
  static boolean mayBePadded(Graph graph, Axes axes) {
    return graph.steps().stream().noneMatch(stage -> looksAtSteps(stage, axes));
  }

  private static boolean looksAtSteps(Stage stage, Axes axes) {
    if (stage instanceof Lstm lstm) {
      return lstm.lengths().isEmpty();
    } else if (stage instanceof Slice slice) {
      return isTime(slice.x(), slice.axis(), axes);
    } else if (stage instanceof Softmax softmax) {
      return isTime(softmax.x(), softmax.x().shape().rank() - 1, axes);
    } else if (stage instanceof Concat concat) {
      return isTime(concat.y(), concat.axis(), axes)
          || concat.xs().stream().anyMatch(x -> isTime(x, concat.axis(), axes));
    }
    return false;
  }

  private static boolean isTime(Value value, int axis, Axes axes) {
    return axes.time().filter(value.shape().dim(axis).symbols()::contains).isPresent();
  }
}
