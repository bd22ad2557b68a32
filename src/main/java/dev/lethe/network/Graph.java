package dev.lethe.network;

import dev.lethe.Dim;
import dev.lethe.Network;
import dev.lethe.Port;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A network as backends see it: stages in an order in which each reads only what an earlier one
 * wrote.
 *
 * @param name the model's
 * @param format file format and version, for people
 * @param entries what goes in
 * @param steps the stages
 * @param results what comes out
 */
public record Graph(
    String name, String format, List<Entry> entries, List<Stage> steps, List<Result> results)
    implements Network {
  /** What an input is when the caller leaves it out. */
  public enum Default {
    /** It must be given. */
    NONE,
    /** Zeros: an initial state. */
    ZEROS,
    /** The whole time axis for each sequence: lengths. */
    FULL_LENGTH,
    /** It cannot be given: a state that stays on the device between runs. */
    STATE
  }

  /**
   * An input.
   *
   * @param value what stages read
   * @param fallback what it is when left out
   */
  public record Entry(Value value, Default fallback) {}

  /**
   * An output.
   *
   * @param name as the model file has it
   * @param value an input's or a stage's
   */
  public record Result(String name, Value value) {}

  /** Checks that every value is written once, before it is read. */
  public Graph {
    entries = List.copyOf(entries);
    steps = List.copyOf(steps);
    results = List.copyOf(results);
    Set<String> written = new HashSet<>();
    for (Entry entry : entries) {
      define(written, entry.value());
    }
    for (Stage stage : steps) {
      for (Value input : stage.inputs()) {
        if (!written.contains(input.name())) {
          throw new IllegalArgumentException(
              stage.describe() + ": nothing wrote " + input.name() + " before");
        }
      }
      stage.outputs().forEach(output -> define(written, output));
    }
    for (Result result : results) {
      if (!written.contains(result.value().name())) {
        throw new IllegalArgumentException(
            "output " + result.name() + ": nothing wrote " + result.value().name());
      }
    }
  }

  @Override
  public List<Port> inputs() {
    return entries.stream()
        .map(
            e ->
                new Port(
                    e.value().name(),
                    e.value().type(),
                    e.value().shape(),
                    e.fallback() != Default.NONE,
                    meaning(e.fallback())))
        .toList();
  }

  @Override
  public List<Port> outputs() {
    return results.stream()
        .map(r -> new Port(r.name(), r.value().type(), r.value().shape(), false, ""))
        .toList();
  }

  @Override
  public List<String> stages() {
    return steps.stream().map(Stage::describe).toList();
  }

  /** The LSTM layers. */
  public Stream<Lstm> lstms() {
    return steps.stream().filter(Lstm.class::isInstance).map(Lstm.class::cast);
  }

  @Override
  public Optional<String> batchSize() {
    return lstms().map(Lstm::batch).findFirst().flatMap(Dim::name);
  }

  @Override
  public Optional<String> timeSteps() {
    return lstms().map(Lstm::time).findFirst().flatMap(Dim::name);
  }

  @Override
  public long parameters() {
    long sum = 0;
    for (Stage stage : steps) {
      if (stage instanceof Lstm lstm) {
        sum += lstm.directions().stream().mapToLong(d -> d.cell().parameters()).sum();
      } else if (stage instanceof Dense dense) {
        sum += dense.weights().size() + (long) dense.bias().size();
      } else if (stage instanceof LayerNorm norm) {
        sum += norm.scale().size() + (long) norm.shift().size();
      } else if (stage instanceof Embedding embedding) {
        sum += embedding.table().size();
      } else if (stage instanceof Constant constant) {
        sum += constant.data().size();
      }
    }
    return sum;
  }

  @Override
  public long operations(Map<String, Integer> sizes) {
    long sum = 0;
    for (Stage stage : steps) {
      if (stage instanceof Lstm lstm) {
        long rows = (long) lstm.time().resolve(sizes) * lstm.batch().resolve(sizes);
        for (Lstm.Direction direction : lstm.directions()) {
          Cell cell = direction.cell();
          sum +=
              2
                  * rows
                  * ((long) cell.input().size()
                      + cell.recurrent().size()
                      + cell.projection().size());
        }
      } else if (stage instanceof Dense dense) {
        long rows = dense.y().shape().count().resolve(sizes) / dense.weights().columns();
        sum += 2 * rows * dense.weights().size();
      }
    }
    return sum;
  }

  private static void define(Set<String> written, Value value) {
    if (!written.add(value.name())) {
      throw new IllegalArgumentException("the value " + value.name() + " is written twice");
    }
  }

  private static String meaning(Default fallback) {
    return switch (fallback) {
      case NONE, STATE -> "";
      case ZEROS -> "zeros if left out";
      case FULL_LENGTH -> "every sequence as long as the time axis if left out";
    };
  }
}
