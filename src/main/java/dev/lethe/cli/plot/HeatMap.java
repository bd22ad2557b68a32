package dev.lethe.cli.plot;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;

/**
 * Numbers as colours: steps from left to right, units from top to bottom. A pixel that several
 * numbers share has the colour of their mean.
 *
 * @param title what stands above it
 * @param units what a row is, as in {@code hidden unit}
 * @param axis what the axis of steps counts
 * @param values [steps][count]
 * @param count number of units, at least 1
 * @param scale colours
 */
public record HeatMap(
    String title, String units, String axis, float[] values, int count, ColorScale scale)
    implements Panel {
  private static final int LEAST_HEIGHT = 150;
  private static final int MOST_HEIGHT = 256;
  private static final int BAR_GAP = 14;
  private static final int BAR_WIDTH = 14;

  @Override
  public int steps() {
    return values.length / count;
  }

  /** Whole pixels for each unit where there are few, at least one for each two where many. */
  @Override
  public int height() {
    return count >= MOST_HEIGHT ? MOST_HEIGHT : count * Math.max(1, LEAST_HEIGHT / count);
  }

  @Override
  public void draw(Graphics2D g, int width) {
    g.drawImage(image(width, height()), 0, 0, null);
    g.setColor(Style.FRAME);
    g.drawRect(-1, -1, width + 1, height() + 1);
    String all = count <= height() ? units : units + " (" + "mean of several)";
    Style.leftTitle(g, all, height());
    int first = Math.min(height() / 2, Math.max(5, height() / count / 2));
    Style.leftLabel(g, "0", first);
    if (count > 1) {
      Style.leftLabel(g, Integer.toString(count - 1), height() - first);
    }
    bar(g, width + BAR_GAP);
  }

  /** [height][width] pixels. */
  BufferedImage image(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int x = 0; x < width; x++) {
      int from = (int) ((long) x * steps() / width);
      int to = Math.max(from + 1, (int) ((x + 1L) * steps() / width));
      for (int y = 0; y < height; y++) {
        int top = (int) ((long) y * count / height);
        int bottom = Math.max(top + 1, (int) ((y + 1L) * count / height));
        image.setRGB(x, y, scale.rgb(mean(from, to, top, bottom)));
      }
    }
    return image;
  }

  private double mean(int from, int to, int top, int bottom) {
    double sum = 0;
    for (int step = from; step < to; step++) {
      for (int unit = top; unit < bottom; unit++) {
        sum += values[step * count + unit];
      }
    }
    return sum / ((to - from) * (bottom - top));
  }

  private void bar(Graphics2D g, int x) {
    int height = height();
    for (int y = 0; y < height; y++) {
      double share = 1 - (y + 0.5) / height;
      g.setColor(new Color(scale.rgb(scale.low() + share * (scale.high() - scale.low()))));
      g.fillRect(x, y, BAR_WIDTH, 1);
    }
    g.setColor(Style.FRAME);
    g.drawRect(x - 1, -1, BAR_WIDTH + 1, height + 1);
    g.setColor(Style.TEXT);
    for (int k = 0; k <= 2; k++) {
      double value = scale.low() + k * (scale.high() - scale.low()) / 2;
      Style.rightLabel(g, Style.number(value), x + BAR_WIDTH, height - k * height / 2);
    }
  }
}
