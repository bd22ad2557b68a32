package dev.lethe.network;

/** An immutable row-major matrix of trained numbers. */
public final class Matrix {
  private static final Matrix EMPTY = new Matrix(0, 0, new float[0]);
  private final int rows;
  private final int columns;
  private final float[] values;

  private Matrix(int rows, int columns, float[] values) {
    this.rows = rows;
    this.columns = columns;
    this.values = values;
  }

  /**
   * A matrix over {@code values}, which it owns from now on: the caller must not write to them
   * again.
   *
   * @param values [rows][columns]
   */
  public static Matrix of(int rows, int columns, float[] values) {
    if ((long) rows * columns != values.length) {
      throw new IllegalArgumentException(
          rows + "x" + columns + " matrix from " + values.length + " values");
    }
    return new Matrix(rows, columns, values);
  }

  /** One row. The matrix owns {@code values} from now on. */
  public static Matrix row(float[] values) {
    return of(1, values.length, values);
  }

  /** All zeros. */
  public static Matrix zeros(int rows, int columns) {
    return of(rows, columns, new float[Math.multiplyExact(rows, columns)]);
  }

  /** No numbers at all: an optional part that a cell does not have. */
  public static Matrix empty() {
    return EMPTY;
  }

  /** Number of rows. */
  public int rows() {
    return rows;
  }

  /** Number of columns. */
  public int columns() {
    return columns;
  }

  /** Number of elements. */
  public int size() {
    return values.length;
  }

  /** Whether there is nothing in it. */
  public boolean isEmpty() {
    return values.length == 0;
  }

  /** One element. */
  public float at(int row, int column) {
    return values[row * columns + column];
  }

  /** A copy, [rows][columns]. */
  public float[] toArray() {
    return values.clone();
  }

  @Override
  public String toString() {
    return rows + "x" + columns;
  }
}
