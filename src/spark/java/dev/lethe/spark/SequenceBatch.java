package dev.lethe.spark;

import dev.lethe.Session;
import dev.lethe.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs sequences as one batch: pads them, gives their lengths, and cuts the results apart. */
final class SequenceBatch {
  private final Session session;
  private final SequencePorts ports;

  SequenceBatch(Session session, SequencePorts ports) {
    this.session = session;
    this.ports = ports;
  }

  /**
   * Runs them; of different lengths only where the network takes lengths.
   *
   * @param sequences each [steps, features], at least one
   * @return for each a {@code float[steps][]} where {@link SequencePorts#nested}, otherwise a
   *     {@code float[]}
   */
  Object[] run(List<float[]> sequences) {
    int batch = sequences.size();
    int features = ports.features();
    int longest = sequences.stream().mapToInt(s -> s.length).max().orElse(0) / features;
    int time = ports.steps().orElse(Math.max(1, longest));
    Tensor x =
        ports.batchFirst()
            ? Tensor.allocate(Tensor.Type.FLOAT32, batch, time, features)
            : Tensor.allocate(Tensor.Type.FLOAT32, time, batch, features);
    int[] lengths = new int[batch];
    for (int b = 0; b < batch; b++) {
      float[] sequence = sequences.get(b);
      lengths[b] = sequence.length / features;
      if (ports.batchFirst()) {
        x.copyFrom(b * time * features, sequence, 0, sequence.length);
      } else {
        for (int t = 0; t < lengths[b]; t++) {
          x.copyFrom((t * batch + b) * features, sequence, t * features, features);
        }
      }
    }
    Map<String, Tensor> inputs = new HashMap<>();
    inputs.put(ports.input().name(), x);
    ports.lengths().ifPresent(port -> inputs.put(port.name(), Tensor.of(lengths, batch)));
    Map<String, Integer> sizes = new HashMap<>();
    session.network().batchSize().ifPresent(name -> sizes.put(name, batch));
    session.network().timeSteps().ifPresent(name -> sizes.put(name, time));
    Tensor y = Tensor.allocate(Tensor.Type.FLOAT32, ports.output().shape().resolve(sizes));
    session.run(inputs, Map.of(ports.output().name(), y));
    return apart(y, lengths);
  }

  private Object[] apart(Tensor y, int[] lengths) {
    float[] values = y.toFloatArray();
    int rank = y.rank();
    int[] strides = new int[rank];
    for (int axis = rank - 1, stride = 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= y.dimension(axis);
    }
    // Where, from the first element of a sequence's step, the others of that step stand.
    int[] offsets = {0};
    for (int axis = 0; axis < rank; axis++) {
      if (axis != ports.batchAxis() && axis != ports.timeAxis()) {
        offsets = spread(offsets, y.dimension(axis), strides[axis]);
      }
    }
    int perStep = ports.timeAxis() < 0 ? 0 : strides[ports.timeAxis()];
    Object[] results = new Object[lengths.length];
    for (int b = 0; b < lengths.length; b++) {
      int first = b * strides[ports.batchAxis()];
      int steps = ports.timeAxis() < 0 ? 1 : lengths[b];
      float[][] rows = new float[steps][offsets.length];
      for (int t = 0; t < steps; t++) {
        for (int k = 0; k < offsets.length; k++) {
          rows[t][k] = values[first + t * perStep + offsets[k]];
        }
      }
      results[b] = ports.nested() ? rows : flat(rows, offsets.length);
    }
    return results;
  }

  private static int[] spread(int[] offsets, int count, int stride) {
    int[] all = new int[offsets.length * count];
    for (int k = 0; k < all.length; k++) {
      all[k] = offsets[k / count] + k % count * stride;
    }
    return all;
  }

  private static float[] flat(float[][] rows, int width) {
    float[] all = new float[rows.length * width];
    for (int t = 0; t < rows.length; t++) {
      System.arraycopy(rows[t], 0, all, t * width, width);
    }
    return all;
  }
}
