package dev.lethe.importer.onnx;

import dev.lethe.network.Graph;
import dev.lethe.network.Lstm;
import dev.lethe.network.Lstm.OutputLayout;
import dev.lethe.network.Reshape;
import dev.lethe.network.Stage;
import dev.lethe.network.Transpose;
import dev.lethe.network.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Has LSTM layers write Y in the order in which it is read. ONNX's [T, D, B, P] suits nobody:
 * exporters put a transpose and a reshape behind it, which move all of Y once more.
 */
final class OutputLayouts {
  private final List<Stage> stages;
  private final Graph graph;

  private OutputLayouts(Graph graph) {
    this.graph = graph;
    this.stages = new ArrayList<>(graph.steps());
  }

  /** The same computation with fewer stages. */
  static Graph settle(Graph graph) {
    OutputLayouts layouts = new OutputLayouts(graph);
    for (int k = 0; k < layouts.stages.size(); k++) {
      while (layouts.stages.get(k) instanceof Lstm lstm && layouts.absorb(k, lstm)) {
        // each step takes one stage out behind this layer
      }
    }
    return new Graph(
        graph.name(), graph.format(), graph.entries(), layouts.stages, graph.results());
  }

  private boolean absorb(int index, Lstm lstm) {
    Optional<Stage> reader = onlyReader(lstm.y());
    Optional<OutputLayout> layout = reader.flatMap(stage -> layout(lstm, stage));
    layout.ifPresent(
        next -> {
          Stage taken = reader.orElseThrow();
          stages.set(index, with(lstm, next, taken.outputs().get(0)));
          stages.remove(taken);
        });
    return layout.isPresent();
  }

  /** The layout in which the layer would write what {@code reader} makes of its output. */
  private Optional<OutputLayout> layout(Lstm lstm, Stage reader) {
    boolean fresh =
        lstm.yLayout() == OutputLayout.TIME_DIRECTION_BATCH && lstm.y().shape().rank() == 4;
    boolean oneDirection = lstm.directions().size() == 1;
    if (fresh
        && oneDirection
        && reader instanceof Reshape reshape
        && isJoined(lstm, reshape.y(), 0)) {
      return Optional.of(OutputLayout.TIME_BATCH_DIRECTION);
    }
    if (fresh && reader instanceof Transpose transpose) {
      Optional<Stage> next = onlyReader(transpose.y());
      boolean timeFirst = transpose.permutation().equals(List.of(0, 2, 1, 3));
      boolean batchFirst =
          transpose.permutation().equals(List.of(2, 0, 1, 3))
              || oneDirection && transpose.permutation().equals(List.of(2, 1, 0, 3));
      if ((timeFirst || batchFirst)
          && next.filter(s -> s instanceof Reshape r && isJoined(lstm, r.y(), timeFirst ? 0 : 1))
              .isPresent()) {
        return Optional.of(
            timeFirst ? OutputLayout.TIME_BATCH_DIRECTION : OutputLayout.BATCH_TIME_DIRECTION);
      }
    }
    boolean settled = lstm.yLayout() == OutputLayout.TIME_BATCH_DIRECTION;
    if (settled
        && reader instanceof Transpose transpose
        && transpose.permutation().equals(List.of(1, 0, 2))) {
      return Optional.of(OutputLayout.BATCH_TIME_DIRECTION);
    }
    boolean same = reader instanceof Reshape && lstm.yLayout() != OutputLayout.TIME_DIRECTION_BATCH;
    return same && lstm.y().shape().rank() == 4 ? Optional.of(lstm.yLayout()) : Optional.empty();
  }

  /** Whether {@code y} is [T, B, D*P], or [B, T, D*P] for a time axis of 1. */
  private static boolean isJoined(Lstm lstm, Value y, int time) {
    return y.shape().rank() == 3
        && y.shape().dim(time).equals(lstm.time())
        && y.shape().dim(1 - time).equals(lstm.batch());
  }

  private Optional<Stage> onlyReader(Value value) {
    List<Stage> readers = stages.stream().filter(stage -> stage.inputs().contains(value)).toList();
    boolean isResult = graph.results().stream().anyMatch(result -> result.value().equals(value));
    return readers.size() == 1 && !isResult ? Optional.of(readers.get(0)) : Optional.empty();
  }

  private static Lstm with(Lstm lstm, OutputLayout layout, Value y) {
    return new Lstm(
        lstm.name(),
        lstm.xLayout(),
        layout,
        lstm.stateLayout(),
        lstm.directions(),
        lstm.x(),
        lstm.lengths(),
        lstm.mask(),
        lstm.initialH(),
        lstm.initialC(),
        y,
        lstm.finalH(),
        lstm.finalC());
  }
}
