package dev.lethe.network;

import dev.lethe.Shape;
import dev.lethe.Tensor;

/**
 * An edge of the graph: what one stage writes once and others read. The name is unique within its
 * graph.
 *
 * @param name as the model file has it, or made up
 * @param type what an element is
 * @param shape row-major, the last axis varying fastest
 */
public record Value(String name, Tensor.Type type, Shape shape) {
  @Override
  public String toString() {
    return name + " " + shape;
  }
}
