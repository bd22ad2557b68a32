package dev.lethe.soak;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.lethe.soak.Soak.Phase;
import dev.lethe.soak.Soak.Sample;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** What a soak has shown, as JSON, as a picture, and whether something grows. */
final class SoakReport {
  private static final int WIDTH = 1600;
  private static final int HEIGHT = 1000;

  /** Of Okabe and Ito, which every kind of colour vision tells apart; one for each device. */
  private static final Color[] COLORS = {
    new Color(0x0072B2), new Color(0xD55E00), new Color(0x009E73)
  };

  private final List<Phase> phases;

  SoakReport(List<Phase> phases) {
    this.phases = phases;
  }

  /**
   * A line for each phase; whether all of them are as they should be.
   *
   * @param most MiB by which memory may grow between the second and the last quarter
   */
  boolean judge(PrintStream out, double most) {
    boolean sound = true;
    for (Phase phase : phases) {
      Sample first = phase.samples().get(0);
      Sample last = phase.samples().get(phase.samples().size() - 1);
      double resident = growth(phase, Sample::resident);
      double heap = growth(phase, Sample::heap);
      boolean objects = phase.samples().stream().allMatch(s -> s.objects() <= objects(phase));
      boolean good =
          resident <= most
              && heap <= most
              && objects
              && last.objects() == objects(phase)
              && last.threads() <= first.threads();
      out.printf(
          Locale.ROOT,
          "%s %s, %,d %s: resident %.0f to %.0f MiB, grown by %.1f; heap %.1f to %.1f MiB, grown by"
              + " %.1f; OpenCL objects %d to %d; threads %d to %d; %.0f s%n",
          good ? "ok  " : "FAIL",
          phase.device(),
          last.done(),
          phase.what(),
          first.resident(),
          last.resident(),
          resident,
          first.heap(),
          last.heap(),
          heap,
          first.objects(),
          last.objects(),
          first.threads(),
          last.threads(),
          last.seconds());
      sound &= good;
    }
    return sound;
  }

  /** Objects once every size has been met, and none between openings. */
  private static int objects(Phase phase) {
    return phase.what().equals("openings") ? 0 : phase.samples().get(1).objects();
  }

  /** The first quarter is warm-up: classes load, C2 compiles, drivers fill their caches. */
  private static double growth(Phase phase, ToDoubleFunction<Sample> value) {
    int count = phase.samples().size();
    double before = median(phase.samples().subList(count / 4, count / 2), value);
    return median(phase.samples().subList(3 * count / 4, count), value) - before;
  }

  private static double median(List<Sample> samples, ToDoubleFunction<Sample> value) {
    return samples.stream().mapToDouble(value).sorted().toArray()[samples.size() / 2];
  }

  void write(Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file);
        JsonGenerator json = new JsonFactory().createGenerator(out).useDefaultPrettyPrinter()) {
      json.writeStartObject();
      json.writeStringField("date", LocalDate.now(ZoneOffset.UTC).toString());
      json.writeStringField("java", Runtime.version().toString());
      json.writeArrayFieldStart("phases");
      for (Phase phase : phases) {
        json.writeStartObject();
        json.writeStringField("device", phase.device());
        json.writeStringField("name", phase.name());
        json.writeStringField("what", phase.what());
        numbers(json, "done", phase, Sample::done);
        numbers(json, "seconds", phase, Sample::seconds);
        numbers(json, "resident_mib", phase, Sample::resident);
        numbers(json, "heap_mib", phase, Sample::heap);
        numbers(json, "opencl_objects", phase, Sample::objects);
        numbers(json, "threads", phase, Sample::threads);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  private static void numbers(
      JsonGenerator json, String name, Phase phase, ToDoubleFunction<Sample> value)
      throws IOException {
    json.writeFieldName(name);
    double[] rounded =
        phase.samples().stream()
            .mapToDouble(sample -> Math.round(value.applyAsDouble(sample) * 100) / 100.0)
            .toArray();
    json.writeArray(rounded, 0, rounded.length);
  }

  /** Four panels: memory above, counts below; runs on the left, openings on the right. */
  void draw(Path png) throws IOException {
    BufferedImage image = new BufferedImage(WIDTH, HEIGHT, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    int column = 0;
    for (String what : List.of("runs", "openings")) {
      panel(graphics, memory(what), column, 0);
      panel(graphics, counts(what), column, 1);
      column++;
    }
    graphics.dispose();
    if (!ImageIO.write(image, "png", png.toFile())) {
      throw new IOException(png + ": this Java runtime writes no PNG");
    }
  }

  private static void panel(Graphics2D graphics, XYChart chart, int column, int row) {
    Graphics2D part =
        (Graphics2D) graphics.create(column * WIDTH / 2, row * HEIGHT / 2, WIDTH / 2, HEIGHT / 2);
    chart.paint(part, WIDTH / 2, HEIGHT / 2);
    part.dispose();
  }

  private XYChart memory(String what) {
    XYChart chart = chart(what, "memory, MiB");
    int color = 0;
    for (Phase phase : of(what)) {
      add(chart, phase, "resident", Sample::resident, COLORS[color], thick(color));
      add(chart, phase, "heap", Sample::heap, COLORS[color], 1);
      color++;
    }
    return chart;
  }

  private XYChart counts(String what) {
    XYChart chart = chart(what, "count");
    chart.getStyler().setYAxisMax(60.0);
    int color = 0;
    for (Phase phase : of(what)) {
      add(chart, phase, "threads", Sample::threads, COLORS[color], thick(color));
      if (phase.samples().stream().anyMatch(s -> s.objects() > 0)
          || phase.device().startsWith("o")) {
        add(chart, phase, "OpenCL objects", Sample::objects, COLORS[color], 1);
      }
      color++;
    }
    return chart;
  }

  /** Later lines, which lie above earlier ones, leave an edge of them to be seen. */
  private static float thick(int line) {
    return Math.max(2, 6 - 3 * line);
  }

  private List<Phase> of(String what) {
    return phases.stream().filter(phase -> phase.what().equals(what)).toList();
  }

  private static XYChart chart(String what, String unit) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH / 2)
            .height(HEIGHT / 2)
            .xAxisTitle(what.equals("runs") ? "runs of one session" : "sessions opened and closed")
            .yAxisTitle(unit)
            .build();
    XYStyler style = chart.getStyler();
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 16);
    style.setBaseFont(font);
    style.setAxisTitleFont(font);
    style.setAxisTickLabelsFont(font.deriveFont(14f));
    style.setLegendFont(font);
    style.setChartBackgroundColor(Color.WHITE);
    style.setLegendBorderColor(Color.WHITE);
    style.setLegendPosition(Styler.LegendPosition.OutsideS);
    style.setLegendLayout(Styler.LegendLayout.Horizontal);
    style.setPlotBorderVisible(false);
    style.setPlotGridVerticalLinesVisible(false);
    style.setXAxisLabelRotation(20);
    style.setYAxisMin(0.0);
    style.setXAxisDecimalPattern("#,##0");
    style.setYAxisDecimalPattern("#,##0");
    return chart;
  }

  private static void add(
      XYChart chart,
      Phase phase,
      String name,
      ToDoubleFunction<Sample> value,
      Color color,
      float width) {
    double[] done = phase.samples().stream().mapToDouble(Sample::done).toArray();
    double[] values = phase.samples().stream().mapToDouble(value).toArray();
    XYSeries series = chart.addSeries(phase.device() + ", " + name, done, values);
    series.setMarker(SeriesMarkers.NONE);
    series.setLineColor(color);
    series.setLineWidth(width);
  }
}
