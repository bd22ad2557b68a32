package dev.lethe.job;

import dev.lethe.Shape;
import dev.lethe.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One sequence of an array that holds several: its steps [steps, the other axes], or, in an array
 * without steps, the array cut to this sequence.
 */
final class Rows {
  private final Tensor whole;
  private final int place;
  private final int batch;
  private final int time;
  private final long[] strides;

  /**
   * @param shape of the array as the network has it
   * @param place of the sequence
   */
  Rows(Axes axes, Shape shape, Tensor whole, int place) {
    this.whole = whole;
    this.place = place;
    this.batch = axes.batchOf(shape).orElseThrow();
    this.time = axes.timeOf(shape).orElse(-1);
    this.strides = new long[whole.rank()];
    long stride = Tensor.Type.BYTES;
    for (int axis = strides.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= whole.dimension(axis);
    }
  }

  /** The axis that counts sequences. */
  int batch() {
    return batch;
  }

  /** Room for so many steps: the array's own where they stand in one piece. */
  Tensor of(Memory memory, int steps) {
    List<Integer> shape = new ArrayList<>();
    for (int axis = 0; axis < whole.rank(); axis++) {
      if (axis != time && (axis != batch || time < 0)) {
        shape.add(axis == batch ? 1 : whole.dimension(axis));
      }
    }
    if (time >= 0) {
      shape.add(0, steps);
    }
    int[] lengths = shape.stream().mapToInt(Integer::intValue).toArray();
    if (isTogether()) {
      int bytes = (int) (steps * (time < 0 ? strides[0] : strides[1]));
      ByteBuffer own = whole.bytes().slice((int) (place * strides[0]), bytes);
      return Tensor.wrap(own, whole.type(), lengths);
    }
    return memory.tensor("rows", whole.type(), lengths);
  }

  /** Puts steps into the array. */
  void put(Tensor steps) {
    copy(steps, true);
  }

  /** Takes steps out of the array. */
  Tensor get(Tensor steps) {
    copy(steps, false);
    return steps;
  }

  private boolean isTogether() {
    return batch == 0 && (time < 0 || time == 1);
  }

  private void copy(Tensor steps, boolean in) {
    if (isTogether()) {
      return;
    }
    ByteBuffer own = whole.bytes();
    ByteBuffer other = steps.bytes();
    int last = Math.max(batch, time);
    int run = (int) strides[last];
    int count = time < 0 ? 1 : steps.dimension(0);
    long perStep = other.capacity() / count;
    for (int step = 0; step < count; step++) {
      for (long done = 0; done < perStep; done += run) {
        int at =
            (int)
                (place * strides[batch]
                    + step * (time < 0 ? 0 : strides[time])
                    + outer(done / run));
        int beside = (int) (step * perStep + done);
        if (in) {
          own.put(at, other, beside, run);
        } else {
          other.put(beside, own, at, run);
        }
      }
    }
  }

  /**
   * Where the axes before the last of batch and time, without those two, are at a place of theirs.
   */
  private long outer(long index) {
    long left = index;
    long at = 0;
    for (int axis = Math.max(batch, time) - 1; axis >= 0; axis--) {
      if (axis != batch && axis != time) {
        at += left % whole.dimension(axis) * strides[axis];
        left /= whole.dimension(axis);
      }
    }
    return at;
  }
}
