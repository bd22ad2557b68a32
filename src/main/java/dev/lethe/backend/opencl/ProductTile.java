package dev.lethe.backend.opencl;

import java.util.List;

/**
 * How product.cl is cut: a group of rowItems x columnItems work-items makes (rowItems*rowResults) x
 * (columnItems*columnResults) results, {@code depth} terms at a time in local memory.
 */
record ProductTile(int rowItems, int columnItems, int rowResults, int columnResults, int depth) {
  /** Rows of a group. */
  int rows() {
    return rowItems * rowResults;
  }

  /** Columns of a group. */
  int columns() {
    return columnItems * columnResults;
  }

  /** The components in order. */
  List<Integer> numbers() {
    return List.of(rowItems, columnItems, rowResults, columnResults, depth);
  }

  /** Local memory of a group. */
  long localBytes() {
    return 4L * (depth * (rows() + 4L) + (long) depth * columns() + rows());
  }
}
