package dev.lethe.cli.plot;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.math.BigDecimal;
import java.math.MathContext;

/** Fonts, colours and where labels stand. */
final class Style {
  static final Color FRAME = new Color(0x707070);
  static final Color GRID = new Color(0xE4E4E4);
  static final Color TEXT = new Color(0x202020);
  static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 20);
  static final Font COLUMN = new Font(Font.SANS_SERIF, Font.BOLD, 16);
  static final Font PANEL = new Font(Font.SANS_SERIF, Font.PLAIN, 15);
  static final Font LABEL = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
  private static final int LABEL_GAP = 6;
  private static final int TITLE_GAP = 56;

  private Style() {}

  /** A label that ends left of the rectangle, its middle at {@code y}. */
  static void leftLabel(Graphics2D g, String text, int y) {
    g.setFont(LABEL);
    g.setColor(TEXT);
    int width = g.getFontMetrics().stringWidth(text);
    g.drawString(text, -LABEL_GAP - width, y + g.getFontMetrics().getAscent() * 2 / 5);
  }

  /** A label right of {@code x}, its middle at {@code y}, in the colour that is set. */
  static void rightLabel(Graphics2D g, String text, int x, int y) {
    g.setFont(LABEL);
    g.drawString(text, x + LABEL_GAP, y + g.getFontMetrics().getAscent() * 2 / 5);
  }

  /** What the axis at the left is, from bottom to top beside its middle. */
  static void leftTitle(Graphics2D g, String text, int height) {
    AffineTransform upright = g.getTransform();
    g.setFont(LABEL);
    g.setColor(TEXT);
    g.translate(-TITLE_GAP, (height + g.getFontMetrics().stringWidth(text)) / 2);
    g.rotate(-Math.PI / 2);
    g.drawString(text, 0, 0);
    g.setTransform(upright);
  }

  /** Three digits, and no more of them than needed. */
  static String number(double value) {
    if (value == 0) {
      return "0";
    }
    BigDecimal rounded = new BigDecimal(value, new MathContext(3)).stripTrailingZeros();
    boolean plain = rounded.precision() - rounded.scale() <= 6 && rounded.scale() <= 5;
    return (plain ? rounded.toPlainString() : rounded.toString()).replace('-', '\u2212');
  }
}
