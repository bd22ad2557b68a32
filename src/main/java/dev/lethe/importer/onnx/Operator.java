package dev.lethe.importer.onnx;

/** How one ONNX operator is run in the abstract. */
@FunctionalInterface
interface Operator {
  /**
   * Folds the node or adds its stages, and writes its outputs into the node's scope.
   *
   * @throws IllegalArgumentException when the node is not what the operator allows, or more than
   *     Lethe runs
   */
  void lower(Node node);
}
