package dev.lethe.examples;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws the held-out years with a forecast for each, and below how the error grows in a year. */
final class Co2Chart {
  static final int WIDTH = 1600;
  static final int HEIGHT = 900;

  private static final int UPPER = 570;
  private static final int FIRST_YEAR = 1986;
  private static final int LAST_YEAR = 2002;
  private static final int AXIS_WIDTH = 90;
  private static final Color TRAINING = new Color(0x9A9A9A);
  // Blue and orange of Okabe and Ito, which every kind of colour vision tells apart.
  private static final Color NETWORK = new Color(0x0072B2);
  private static final Color RULE = new Color(0xE69F00);
  private static final BasicStroke DASHED =
      new BasicStroke(1.8f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_ROUND, 1, new float[] {6, 4}, 0);
  private static final BasicStroke FINE = new BasicStroke(1.8f);
  private static final BasicStroke BOLD = new BasicStroke(2.4f);

  private final double[] years;
  private final double[] measured;
  private final int[] starts;
  private final double[][] network;
  private final double[][] rule;
  private final int heldOut;
  private final int first;

  /**
   * @param record what was measured
   * @param forecasts [N][52] in ppm, for each of the record's {@link Co2Record#starts()}
   */
  Co2Chart(Co2Record record, double[][] forecasts) {
    years = record.weeks().stream().mapToDouble(Co2Chart::year).toArray();
    measured = record.ppm();
    heldOut = record.heldOut();
    first = (int) Arrays.stream(years).filter(year -> year < FIRST_YEAR).count();
    starts = record.starts();
    network = forecasts;
    rule = record.lastYearAndGrowth(starts);
  }

  /** Writes a PNG of {@link #WIDTH} by {@link #HEIGHT} pixels. */
  void write(Path png) throws IOException {
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    levels().paint(graphics, WIDTH, UPPER);
    graphics.translate(0, UPPER);
    errors().paint(graphics, WIDTH, HEIGHT - UPPER);
    graphics.dispose();
    Files.createDirectories(png.toAbsolutePath().getParent());
    if (!ImageIO.write(image, "png", png.toFile())) {
      throw new IOException(png + ": this Java runtime writes no PNG");
    }
  }

  private XYChart levels() {
    String title = "Weekly CO\u2082 at Mauna Loa, forecast a year ahead";
    XYChart chart = chart(UPPER, title, "CO\u2082 (ppm)");
    XYStyler style = chart.getStyler();
    style.setXAxisMin((double) FIRST_YEAR).setXAxisMax((double) LAST_YEAR);
    style.setYAxisMin(342.0).setYAxisMax(376.0);
    int end = measured.length;
    weeks(chart, "measured, training years", first, heldOut, measured, TRAINING, FINE);
    weeks(chart, "measured, held-out years", heldOut, end, measured, Color.BLACK, BOLD);
    weeks(chart, "last year + its growth", heldOut, end, endToEnd(rule), RULE, DASHED);
    weeks(chart, "LSTM, one forecast each January", heldOut, end, endToEnd(network), NETWORK, FINE);
    return chart;
  }

  private XYChart errors() {
    String title = "Mean absolute error over " + starts.length + " forecasts, 1990\u20132001";
    XYChart chart = chart(HEIGHT - UPPER, title, "Error (ppm)");
    chart.setXAxisTitle("Weeks ahead");
    XYStyler style = chart.getStyler();
    style.setLegendPosition(Styler.LegendPosition.InsideSE);
    style.setXAxisMin(0.0).setXAxisMax((double) Co2Record.HORIZON);
    style.setYAxisMin(0.0).setYAxisMax(1.2);
    style.setYAxisDecimalPattern("0.0");
    style.setxAxisTickLabelsFormattingFunction(
        week -> week % 4 == 0 ? Integer.toString(week.intValue()) : " ");
    double[] ahead = IntStream.rangeClosed(1, Co2Record.HORIZON).asDoubleStream().toArray();
    line(chart, "last year + its growth", ahead, errorByWeek(rule), RULE, DASHED);
    line(chart, "LSTM", ahead, errorByWeek(network), NETWORK, BOLD);
    return chart;
  }

  private static XYChart chart(int height, String title, String unit) {
    XYChart chart =
        new XYChartBuilder().width(WIDTH).height(height).title(title).yAxisTitle(unit).build();
    XYStyler style = chart.getStyler();
    style.setChartBackgroundColor(Color.WHITE).setPlotBorderVisible(false).setChartPadding(14);
    style.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 22));
    style.setChartTitleBoxVisible(false);
    style.setLegendPosition(Styler.LegendPosition.InsideNW).setLegendBorderColor(Color.WHITE);
    style.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 17)).setLegendSeriesLineLength(40);
    style.setYAxisLeftWidthHint(AXIS_WIDTH).setAntiAlias(true);
    style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 16));
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 17));
    style.setXAxisDecimalPattern("0").setXAxisTickMarkSpacingHint(60).setPlotContentSize(0.97);
    style.setPlotGridLinesColor(new Color(0xE4E4E4)).setPlotGridLinesStroke(SeriesLines.SOLID);
    return chart;
  }

  private void weeks(
      XYChart chart,
      String name,
      int from,
      int to,
      double[] values,
      Color color,
      BasicStroke stroke) {
    double[] x = Arrays.copyOfRange(years, from, to);
    line(chart, name, x, Arrays.copyOfRange(values, from, to), color, stroke);
  }

  private static void line(
      XYChart chart, String name, double[] x, double[] y, Color color, BasicStroke stroke) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setMarker(SeriesMarkers.NONE).setLineColor(color).setLineStyle(stroke);
  }

  /** Those forecasts that do not overlap, one after the other on the record's weeks. */
  private double[] endToEnd(double[][] forecasts) {
    double[] line = new double[measured.length];
    Arrays.fill(line, Double.NaN);
    for (int n = 0; n < starts.length; n++) {
      if ((starts[n] - heldOut) % Co2Record.HORIZON == 0) {
        System.arraycopy(forecasts[n], 0, line, starts[n], Co2Record.HORIZON);
      }
    }
    return line;
  }

  private double[] errorByWeek(double[][] forecasts) {
    double[] mean = new double[Co2Record.HORIZON];
    for (int n = 0; n < starts.length; n++) {
      for (int week = 0; week < mean.length; week++) {
        mean[week] += Math.abs(forecasts[n][week] - measured[starts[n] + week]) / starts.length;
      }
    }
    return mean;
  }

  private static double year(LocalDate day) {
    return day.getYear() + (day.getDayOfYear() - 1.0) / day.lengthOfYear();
  }
}
