package dev.lethe.bench;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler;

/** How many operations a second each engine does, a group of bars for each shape. */
final class CpuChart {
  private static final int WIDTH = 1600;
  private static final int HEIGHT = 640;

  /** Of Okabe and Ito, which every kind of colour vision tells apart, from dark to light. */
  private static final Color[] COLORS = {
    new Color(0x0072B2),
    new Color(0xD55E00),
    new Color(0x009E73),
    new Color(0xE69F00),
    new Color(0x56B4E9),
    new Color(0xCC79A7),
    new Color(0xF0E442)
  };

  private final CpuTimes times;

  CpuChart(CpuTimes times) {
    this.times = times;
  }

  /** The chart's file for a JSON. */
  static Path beside(Path json) {
    String name = json.getFileName().toString();
    return json.resolveSibling(name.replaceFirst("\\.json$", "") + ".png");
  }

  /** Writes a PNG. */
  void write(Path png) throws IOException {
    write(png, List.of(chart()));
  }

  /** Writes charts of one size side by side. */
  static void write(Path png, List<? extends Chart<?, ?>> charts) throws IOException {
    int width = charts.get(0).getWidth();
    int height = charts.get(0).getHeight();
    BufferedImage image =
        new BufferedImage(charts.size() * width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    for (Chart<?, ?> chart : charts) {
      chart.paint(graphics, width, height);
      graphics.translate(width, 0);
    }
    graphics.dispose();
    if (!ImageIO.write(image, "png", png.toFile())) {
      throw new IOException(png + ": this Java runtime writes no PNG");
    }
  }

  private CategoryChart chart() {
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("LSTM inference on " + CpuTimes.device() + ": more is faster")
            .xAxisTitle("steps x batch x input x hidden (x layers x directions)")
            .yAxisTitle("billion operations a second")
            .build();
    CategoryStyler style = chart.getStyler();
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 17);
    style.setBaseFont(font);
    style.setChartTitleFont(font.deriveFont(Font.BOLD, 22f));
    style.setAxisTitleFont(font);
    style.setAxisTickLabelsFont(font.deriveFont(15f));
    style.setLegendFont(font);
    style.setChartTitleBoxVisible(false);
    style.setChartBackgroundColor(Color.WHITE);
    style.setLegendBorderColor(Color.WHITE);
    style.setLegendPosition(Styler.LegendPosition.OutsideS);
    style.setLegendLayout(Styler.LegendLayout.Horizontal);
    style.setPlotBorderVisible(false);
    style.setPlotGridVerticalLinesVisible(false);
    style.setXAxisLabelRotation(30);
    style.setAvailableSpaceFill(0.8);
    style.setYAxisMin(0.0);
    style.setYAxisDecimalPattern("#,##0");
    style.setSeriesColors(COLORS);
    List<String> shapes = times.rows().stream().map(row -> row.shape().toString()).toList();
    for (String engine : times.engines().keySet()) {
      chart.addSeries(engine, shapes, times.rows().stream().map(row -> rate(row, engine)).toList());
    }
    return chart;
  }

  private static double rate(CpuTimes.Row row, String engine) {
    return row.shape().operations()
        / (Objects.requireNonNull(row.times().get(engine)).median() * 1e6);
  }
}
