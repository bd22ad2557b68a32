package dev.lethe.cli.plot;

import java.awt.Graphics2D;

/** Something drawn into a rectangle whose width is an axis of steps. */
public sealed interface Panel permits HeatMap, Lines {
  /** What stands above it. */
  String title();

  /** What the axis of steps counts. */
  String axis();

  /** Number of steps, at least 1. */
  int steps();

  /** Height of the rectangle in pixels. */
  int height();

  /**
   * Draws what is inside, and what stands left and right of it.
   *
   * @param g with its origin at the rectangle's upper left corner
   * @param width of the rectangle in pixels
   */
  void draw(Graphics2D g, int width);
}
