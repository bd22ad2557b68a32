package dev.lethe.spark;

import dev.lethe.InputException;
import java.util.Arrays;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.FloatType;
import org.jspecify.annotations.Nullable;
import scala.collection.Iterator;
import scala.collection.Seq;

/** Takes a row's sequence out of its column, and checks it. */
final class SequenceColumn {
  private final String name;
  private final int index;
  private final boolean nested;
  private final SequencePorts ports;

  /**
   * A column of a table.
   *
   * @param name of the column, for messages
   * @param index where it stands in a row
   * @param type one that {@link #accepts}
   * @param ports what the network takes
   */
  SequenceColumn(String name, int index, DataType type, SequencePorts ports) {
    this.name = name;
    this.index = index;
    this.nested = type instanceof ArrayType array && array.elementType() instanceof ArrayType;
    this.ports = ports;
  }

  /** {@return whether it is array&lt;float&gt; or array&lt;array&lt;float&gt;&gt;} */
  static boolean accepts(DataType type) {
    return type instanceof ArrayType outer
        && (outer.elementType() instanceof FloatType
            || (outer.elementType() instanceof ArrayType inner
                && inner.elementType() instanceof FloatType));
  }

  /**
   * The sequence of a row.
   *
   * @return [steps, features], the features side by side
   * @throws InputException when it is null or its shape does not fit
   */
  float[] read(Row row) {
    Object value = row.get(index);
    float[] sequence = nested ? steps(value) : floats(value, new float[0], 0);
    int features = ports.features();
    if (sequence.length % features != 0) {
      throw error(
          "a sequence of " + sequence.length + " numbers; a step has " + features + " features");
    }
    int steps = sequence.length / features;
    if (steps == 0 && ports.lengths().isEmpty()) {
      throw error("an empty sequence, and the network takes no lengths; give at least one step");
    }
    if (ports.steps().isPresent()) {
      int wanted = ports.steps().get();
      if (ports.lengths().isEmpty() ? steps != wanted : steps > wanted) {
        throw error("a sequence of " + steps + " steps; the network takes " + wanted);
      }
    }
    return sequence;
  }

  private float[] steps(@Nullable Object value) {
    if (!(value instanceof Seq<?> seq)) {
      throw error("a null; every row needs a sequence");
    }
    int features = ports.features();
    float[] all = new float[Math.multiplyExact(seq.length(), features)];
    Iterator<?> steps = seq.iterator();
    for (int t = 0; steps.hasNext(); t++) {
      Object step = steps.next();
      if (step instanceof Seq<?> numbers && numbers.length() != features) {
        throw error(
            "a step of " + numbers.length() + " numbers; a step has " + features + " features");
      }
      floats(step, all, t * features);
    }
    return all;
  }

  /** Fills {@code all} from {@code at} on, which grows where it is too short. */
  private float[] floats(@Nullable Object value, float[] all, int at) {
    if (!(value instanceof Seq<?> seq)) {
      throw error("a null; every row needs a sequence, and every sequence its steps");
    }
    int end = at + seq.length();
    float[] target = all.length < end ? Arrays.copyOf(all, end) : all;
    Iterator<?> numbers = seq.iterator();
    for (int k = at; numbers.hasNext(); k++) {
      if (!(numbers.next() instanceof Float number)) {
        throw error("a null among a sequence's numbers");
      }
      target[k] = number;
    }
    return target;
  }

  private InputException error(String what) {
    return new InputException("column '" + name + "' holds " + what);
  }
}
