package dev.lethe.backend.opencl;

import dev.lethe.network.Lstm;
import dev.lethe.network.LstmShape;

/**
 * What a layer's choice of kernels goes by.
 *
 * @param steps T
 * @param batch B
 * @param input I, features that it reads
 * @param hidden H
 * @param directions 1 or 2
 */
record LayerSizes(int steps, int batch, int input, int hidden, int directions) {
  static LayerSizes of(LstmShape layer) {
    return new LayerSizes(
        layer.steps(), layer.batch(), layer.inputSize(), layer.hiddenSize(), layer.directions());
  }

  static LayerSizes of(Lstm stage, int steps, int batch) {
    return new LayerSizes(
        steps, batch, stage.inputSize(), stage.hiddenSize(), stage.directions().size());
  }

  /** A layer just like it that reads its outputs. */
  LayerSizes above() {
    return new LayerSizes(steps, batch, directions * hidden, hidden, directions);
  }

  /** The same layer over so many steps. */
  LayerSizes withSteps(int other) {
    return new LayerSizes(other, batch, input, hidden, directions);
  }

  /** The same layer in so many directions. */
  LayerSizes withDirections(int other) {
    return new LayerSizes(steps, batch, input, hidden, other);
  }

  @Override
  public String toString() {
    String sizes = steps + "x" + batch + "x" + input + "x" + hidden;
    return directions == 1 ? sizes : sizes + "x1x" + directions;
  }
}
