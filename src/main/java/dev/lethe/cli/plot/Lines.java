package dev.lethe.cli.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;

/**
 * A few series of numbers as lines, each point in the middle of its step.
 *
 * @param title what stands above it
 * @param axis what the axis of steps counts
 * @param values [steps][count]
 * @param count number of series, from 1 to {@link #MOST}
 */
public record Lines(String title, String axis, float[] values, int count) implements Panel {
  /** More lines than this cannot be told apart. */
  public static final int MOST = 7;

  private static final int HEIGHT = 112;
  private static final int PADDING = 8;
  private static final int POINTS = 80;
  // Okabe and Ito, without yellow, which white swallows
  private static final int[] COLORS = {
    0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000
  };

  @Override
  public int steps() {
    return values.length / count;
  }

  @Override
  public int height() {
    return HEIGHT;
  }

  @Override
  public void draw(Graphics2D g, int width) {
    g.setColor(Style.FRAME);
    g.drawRect(-1, -1, width + 1, HEIGHT + 1);
    double low = least();
    double high = most();
    for (double tick : Ticks.of(low, high, 4)) {
      double y = y(tick, low, high);
      g.setColor(Style.GRID);
      g.draw(new Line2D.Double(0, y, width - 1.0, y));
      Style.leftLabel(g, Style.number(tick), (int) Math.round(y));
    }
    for (int series = 0; series < count; series++) {
      line(g, series, width, low, high);
    }
    for (int series = 0; count > 1 && series < count; series++) {
      g.setColor(new Color(COLORS[series]));
      Style.rightLabel(g, Integer.toString(series), width + 4, 8 + series * 15);
    }
  }

  private void line(Graphics2D g, int series, int width, double low, double high) {
    double step = (double) width / steps();
    g.setColor(new Color(COLORS[series]));
    g.setStroke(new BasicStroke(1.6f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
    for (int k = 0; k < steps(); k++) {
      double x = (k + 0.5) * step;
      double y = y(values[k * count + series], low, high);
      if (k > 0) {
        double before = y(values[(k - 1) * count + series], low, high);
        if (!Double.isNaN(y - before)) {
          g.draw(new Line2D.Double(x - step, before, x, y));
        }
      }
      if (steps() <= POINTS && !Double.isNaN(y)) {
        g.fill(new Ellipse2D.Double(x - 2.5, y - 2.5, 5, 5));
      }
    }
    g.setStroke(new BasicStroke(1));
  }

  /** NaN for what cannot be shown. */
  private static double y(double value, double low, double high) {
    return Double.isFinite(value)
        ? PADDING + (high - value) / (high - low) * (HEIGHT - 2 * PADDING)
        : Double.NaN;
  }

  private double least() {
    double least = Double.POSITIVE_INFINITY;
    for (float value : values) {
      least = Float.isFinite(value) ? Math.min(least, value) : least;
    }
    return Double.isFinite(least) ? least - slack() : 0;
  }

  private double most() {
    double most = Double.NEGATIVE_INFINITY;
    for (float value : values) {
      most = Float.isFinite(value) ? Math.max(most, value) : most;
    }
    return Double.isFinite(most) ? most + slack() : 1;
  }

  /** Room around a line without ups and downs. */
  private double slack() {
    for (float value : values) {
      if (Float.isFinite(value) && value != values[0]) {
        return 0;
      }
    }
    return Math.max(1e-3, Math.abs(values[0]) / 2);
  }
}
