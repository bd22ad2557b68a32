package dev.lethe.bench;

import dev.lethe.InputException;
import dev.lethe.network.LstmShape;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * Measures Lethe's CPU path and its peers over a table of shapes, each in a process of its own, in
 * turns, and writes the times as JSON and as a chart.
 */
@Command(
    name = "compare-cpu",
    description = "Times Lethe and its peers on the CPU; writes JSON and a chart.",
    mixinStandardHelpOptions = true,
    showDefaultValues = true)
public final class CompareCpu implements Callable<Integer> {
  private static final String SHAPES = "cpu-shapes.txt";
  private static final int PAUSE = 300;
  private static final LstmShape SMALL = LstmShape.parse("1x1x1x1");

  @Spec private CommandSpec spec;

  @Option(
      names = "--engines",
      split = ",",
      defaultValue = "lethe-cpu,onnxruntime,onednn,pytorch",
      description = "what to measure; the first is what the others are compared with")
  private List<String> engines;

  @Option(
      names = "--shapes",
      split = ",",
      defaultValue = "",
      showDefaultValue = CommandLine.Help.Visibility.NEVER,
      description = "TxBxIxH or TxBxIxHxLxD; by default the list src/jmh/resources/**/" + SHAPES)
  private List<String> shapes;

  @Option(names = "--threads", defaultValue = "0", description = "0 for one per processor")
  private int threads;

  @Option(
      names = "--warmup",
      defaultValue = "4000",
      description = "ms of running before it counts: Java needs 2 to 4 seconds")
  private int warmup;

  @Option(names = "--rounds", defaultValue = "7", description = "turns of each engine")
  private int rounds;

  @Option(names = "--turn", defaultValue = "600", description = "ms of a turn")
  private int turn;

  @Option(
      names = {"-o", "--output"},
      description = "the JSON; the chart is written beside it as .png")
  private Path output =
      Path.of("src/jmh/results", "cpu-jdk" + Runtime.version().feature() + ".json");

  /** {@code java -cp target/benchmarks.jar dev.lethe.bench.CompareCpu}. */
  public static void main(String[] arguments) {
    System.setProperty("java.awt.headless", "true");
    CommandLine line = new CommandLine(new CompareCpu());
    line.setParameterExceptionHandler(
        (exception, all) -> {
          line.getErr().println("compare-cpu: " + exception.getMessage());
          return CommandLine.ExitCode.USAGE;
        });
    System.exit(line.execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    List<LstmShape> table = table();
    Map<String, String> descriptions = descriptions();
    PrintWriter out = spec.commandLine().getOut();
    out.println(heading());
    List<CpuTimes.Row> rows = new ArrayList<>();
    for (LstmShape shape : table) {
      CpuTimes.Row row = measure(shape);
      rows.add(row);
      out.println(line(row));
      out.flush();
    }
    String command =
        "ci/compare-cpu " + String.join(" ", spec.commandLine().getParseResult().originalArgs());
    new CpuTimes(command.strip(), threads, descriptions, rows).write(output);
    if (rows.stream().anyMatch(row -> row.times().values().stream().anyMatch(t -> t.noisy()))) {
      out.println("~ a turn took half as long again as the median or more: was the machine busy?");
    }
    out.println(output + " and " + CpuChart.beside(output) + " written");
    return 0;
  }

  private List<LstmShape> table() throws IOException {
    List<String> texts = shapes.stream().filter(text -> !text.isEmpty()).toList();
    try {
      return (texts.isEmpty() ? listed() : texts).stream().map(LstmShape::parse).toList();
    } catch (InputException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  private static List<String> listed() throws IOException {
    InputStream list = Objects.requireNonNull(CompareCpu.class.getResourceAsStream(SHAPES));
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(list, StandardCharsets.UTF_8))) {
      return lines.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).toList();
    }
  }

  /** Opens every engine once, so that what is missing is told before anything is measured. */
  private Map<String, String> descriptions() {
    Map<String, String> descriptions = new LinkedHashMap<>();
    for (String name : engines) {
      try (Engine engine = Engine.open(name, SMALL, threads)) {
        descriptions.put(name, engine.description());
      } catch (IllegalArgumentException e) {
        throw new ParameterException(spec.commandLine(), e.getMessage(), e);
      }
    }
    return descriptions;
  }

  private CpuTimes.Row measure(LstmShape shape) throws IOException {
    double peak = 0;
    Map<String, EngineProcess> processes = new LinkedHashMap<>();
    Map<String, List<double[]>> turns = new LinkedHashMap<>();
    try {
      for (String engine : engines) {
        processes.put(engine, new EngineProcess(engine, shape, threads));
        turns.put(engine, new ArrayList<>());
        Objects.requireNonNull(processes.get(engine)).run(warmup);
      }
      for (int round = 0; round < rounds; round++) {
        peak = Math.max(peak, Objects.requireNonNull(processes.get(engines.get(0))).peak());
        for (String engine : engines) {
          // OpenMP's threads go on waiting in loops for a while after a run
          Thread.sleep(PAUSE);
          EngineProcess process = Objects.requireNonNull(processes.get(engine));
          process.run(turn / 3);
          Objects.requireNonNull(turns.get(engine)).add(process.run(turn));
        }
      }
    } catch (InterruptedException e) {
      throw new IOException("interrupted", e);
    } finally {
      processes.values().forEach(EngineProcess::close);
    }
    Map<String, CpuTimes.Time> times = new LinkedHashMap<>();
    turns.forEach((engine, all) -> times.put(engine, CpuTimes.Time.of(all)));
    return new CpuTimes.Row(shape, times, peak);
  }

  private String heading() {
    StringBuilder line = new StringBuilder("%-20s".formatted("medians: ms, ratio"));
    engines.forEach(engine -> line.append("%18s".formatted(engine)));
    return line + "   of peak";
  }

  private String line(CpuTimes.Row row) {
    StringBuilder line = new StringBuilder("%-20s".formatted(row.shape()));
    CpuTimes.Time first = row.times().values().iterator().next();
    for (CpuTimes.Time time : row.times().values()) {
      String noise = time.noisy() ? "~" : " ";
      line.append(
          String.format(Locale.ROOT, "%9.3f%s (%5.2fx)", time.median(), noise, time.over(first)));
    }
    double rate = row.shape().operations() / (first.median() / 1e3);
    return line
        + (row.peak() == 0 ? "" : String.format(Locale.ROOT, "%8.0f %%", 100 * rate / row.peak()));
  }
}
