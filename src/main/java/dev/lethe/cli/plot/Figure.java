package dev.lethe.cli.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import javax.imageio.ImageIO;

/**
 * Columns of panels under one title. A column's steps stand below each other where its panels have
 * as many of them.
 *
 * @param title what stands above everything
 * @param columns side by side, at most {@link #ABREAST}; further ones below
 */
public record Figure(String title, List<Column> columns) {
  private static final int ABREAST = 4;
  private static final int WIDTH = 1000;
  private static final int NARROW_WIDTH = 640;
  private static final int LEFT = 86;
  private static final int RIGHT = 92;
  private static final int HEAD = 52;
  private static final int COLUMN_HEAD = 34;
  private static final int PANEL_HEAD = 26;
  private static final int PANEL_FOOT = 24;
  private static final int AXIS_FOOT = 18;
  private static final int COLUMN_FOOT = 14;
  private static final int TICKS = 12;

  /**
   * Panels one below the other.
   *
   * @param title what stands above them
   * @param panels from top to bottom
   */
  public record Column(String title, List<Panel> panels) {
    int height() {
      int height = COLUMN_HEAD + COLUMN_FOOT;
      for (int k = 0; k < panels.size(); k++) {
        height += PANEL_HEAD + panels.get(k).height() + foot(k);
      }
      return height;
    }

    /** The axis has its name below the last panel that counts along it. */
    boolean namesAxis(int k) {
      return k == panels.size() - 1 || !panels.get(k + 1).axis().equals(panels.get(k).axis());
    }

    int foot(int k) {
      return namesAxis(k) ? PANEL_FOOT + AXIS_FOOT : PANEL_FOOT;
    }
  }

  /** Writes a PNG and leaves the stream open. */
  public void write(OutputStream out) throws IOException {
    if (!ImageIO.write(image(), "png", out)) {
      throw new IOException("this Java runtime writes no PNG");
    }
  }

  /** The figure as pixels. */
  BufferedImage image() {
    int abreast = Math.min(ABREAST, columns.size());
    int columnWidth = LEFT + plotWidth() + RIGHT;
    int height = HEAD;
    for (int first = 0; first < columns.size(); first += ABREAST) {
      height += rowHeight(first);
    }
    BufferedImage image =
        new BufferedImage(abreast * columnWidth, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
    g.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
    g.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
    g.setColor(Color.WHITE);
    g.fillRect(0, 0, image.getWidth(), image.getHeight());
    text(g, Style.TITLE, title, LEFT, 34, image.getWidth() - LEFT);
    int top = HEAD;
    for (int k = 0; k < columns.size(); k++) {
      top += k > 0 && k % ABREAST == 0 ? rowHeight(k - ABREAST) : 0;
      g.translate(k % ABREAST * columnWidth, top);
      draw(g, columns.get(k));
      g.translate(-(k % ABREAST) * columnWidth, -top);
    }
    g.dispose();
    return image;
  }

  private int plotWidth() {
    return columns.size() == 1 ? WIDTH : NARROW_WIDTH;
  }

  private int rowHeight(int first) {
    return columns.subList(first, Math.min(columns.size(), first + ABREAST)).stream()
        .mapToInt(Column::height)
        .max()
        .orElse(0);
  }

  private void draw(Graphics2D g, Column column) {
    text(g, Style.COLUMN, column.title(), LEFT, 16, plotWidth() + RIGHT);
    int y = COLUMN_HEAD;
    for (int k = 0; k < column.panels().size(); k++) {
      Panel panel = column.panels().get(k);
      text(g, Style.PANEL, panel.title(), LEFT, y + PANEL_HEAD - 8, plotWidth() + RIGHT);
      g.translate(LEFT, y + PANEL_HEAD);
      int width = width(panel);
      panel.draw(g, width);
      steps(g, panel, width);
      if (column.namesAxis(k)) {
        axis(g, panel, width);
      }
      g.translate(-LEFT, -y - PANEL_HEAD);
      y += PANEL_HEAD + panel.height() + column.foot(k);
    }
  }

  /** Whole pixels for each step where there are few. */
  private int width(Panel panel) {
    int most = plotWidth();
    return panel.steps() > most ? most : panel.steps() * (most / panel.steps());
  }

  private static void steps(Graphics2D g, Panel panel, int width) {
    g.setFont(Style.LABEL);
    g.setColor(Style.TEXT);
    for (double tick : Ticks.of(0, Math.max(1, panel.steps() - 1), TICKS)) {
      int step = (int) tick;
      if (step == tick && step < panel.steps()) {
        int x = (int) ((step + 0.5) * width / panel.steps());
        String text = Integer.toString(step);
        g.drawLine(x, panel.height() + 1, x, panel.height() + 4);
        int half = g.getFontMetrics().stringWidth(text) / 2;
        g.drawString(text, x - half, panel.height() + 17);
      }
    }
  }

  private static void axis(Graphics2D g, Panel panel, int width) {
    g.setFont(Style.LABEL);
    g.setColor(Style.TEXT);
    int x = (width - g.getFontMetrics().stringWidth(panel.axis())) / 2;
    g.drawString(panel.axis(), x, panel.height() + 33);
  }

  /** Cut short where it does not fit. */
  private static void text(Graphics2D g, Font font, String text, int x, int y, int most) {
    g.setFont(font);
    g.setColor(Style.TEXT);
    String shown = text;
    while (shown.length() > 4 && g.getFontMetrics().stringWidth(shown) > most) {
      shown = shown.substring(0, shown.length() - 4) + "\u2026";
    }
    g.drawString(shown, x, y);
  }
}
