package dev.lethe.backend.opencl;

import java.util.List;

/**
 * How product.cl is cut: a group of rowItems x columnItems work-items makes (rowItems*rowResults) x
 * (columnItems*columnResults) results, {@code depth} terms at a time in local memory.
 */
record ProductTile(int rowItems, int columnItems, int rowResults, int columnResults, int depth)
    implements ProjectionTile {
  @Override
  public int rows() {
    return rowItems * rowResults;
  }

  @Override
  public int columns() {
    return columnItems * columnResults;
  }

  /** The components in order. */
  @Override
  public List<Integer> numbers() {
    return List.of(rowItems, columnItems, rowResults, columnResults, depth);
  }

  /** Local memory of a group. */
  long localBytes() {
    return 4L * (depth * (rows() + 4L) + (long) depth * columns() + rows());
  }
}
