package dev.lethe.backend.cpu;

import dev.lethe.network.Lstm;
import java.nio.FloatBuffer;

/**
 * What an LSTM layer reads and writes for a batch, and where it stands. Arrays may be longer than
 * needed.
 */
final class LstmData {
  final int steps;
  final int sequences;
  final Elements x;

  /** [B]. */
  final int[] lengths;

  /** Empty for zeros. */
  final float[] initialH;

  /** Empty for zeros. */
  final float[] initialC;

  final Elements y;
  final float[] finalH;
  final float[] finalC;

  /** By direction: where i, f, g, o and c go, each [T, B, H]. Empty in a run without a trace. */
  FloatBuffer[][] gates = {};

  /** Empty if every step counts. */
  private final float[] mask;

  private final Lstm.Strides maskStrides;
  private final Lstm.Strides xStrides;
  private final Lstm.Strides yStrides;
  private final Lstm.Strides hStrides;
  private final Lstm.Strides cStrides;

  LstmData(Lstm layer, int steps, int sequences, Buffers buffers, int[] fullLengths) {
    this.steps = steps;
    this.sequences = sequences;
    x = buffers.elements(layer.x());
    lengths = layer.lengths().map(buffers::ints).orElse(fullLengths);
    mask = layer.mask().map(buffers::floats).orElse(new float[0]);
    maskStrides = layer.maskStrides(steps, sequences);
    initialH = layer.initialH().map(buffers::floats).orElse(new float[0]);
    initialC = layer.initialC().map(buffers::floats).orElse(new float[0]);
    y = buffers.elements(layer.y());
    finalH = buffers.floats(layer.finalH());
    finalC = buffers.floats(layer.finalC());
    xStrides = layer.xStrides(steps, sequences);
    yStrides = layer.yStrides(steps, sequences);
    hStrides = layer.stateStrides(sequences, layer.outputSize());
    cStrides = layer.stateStrides(sequences, layer.hiddenSize());
  }

  boolean masked() {
    return mask.length > 0;
  }

  /** Whether a step is to be skipped. */
  boolean skips(int t, int b) {
    return mask.length > 0 && mask[t * maskStrides.time() + b * maskStrides.batch()] == 0;
  }

  int xAt(int t, int b) {
    return t * xStrides.time() + b * xStrides.batch();
  }

  int yAt(int t, int d, int b) {
    return t * yStrides.time() + d * yStrides.direction() + b * yStrides.batch();
  }

  int hAt(int d, int b) {
    return d * hStrides.direction() + b * hStrides.batch();
  }

  int cAt(int d, int b) {
    return d * cStrides.direction() + b * cStrides.batch();
  }
}
