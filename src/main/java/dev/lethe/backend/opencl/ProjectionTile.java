package dev.lethe.backend.opencl;

import java.util.List;

/** How a kernel of the input projection is cut. */
sealed interface ProjectionTile permits ProductTile, MatrixProductTile {
  /** Rows of a group. */
  int rows();

  /** Columns of a group. */
  int columns();

  /** What tells it from the others of its kernel. */
  List<Integer> numbers();
}
