package dev.lethe.bench;

import dev.lethe.network.LstmShape;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An engine in a process of its own that waits, blocked, until it is told to run for a while. So
 * engines can take turns, and what slows the machine down for some seconds slows all of them: JMH,
 * which measures one after the other, would blame whoever was running.
 */
final class EngineProcess implements AutoCloseable {
  private static final String TIMES = "nanoseconds: ";
  private static final String PEAK = "operations a second: ";

  private final Process process;
  private final BufferedWriter orders;
  private final BufferedReader answers;

  /**
   * Starts it; returns when the engine is open and one run of it agreed with the reference.
   *
   * @throws IOException if it did not come that far; it has said why on stderr
   */
  EngineProcess(String engine, LstmShape shape, int threads) throws IOException {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            EngineProcess.class.getName(),
            engine,
            shape.toString(),
            Integer.toString(threads));
    process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    orders =
        new BufferedWriter(
            new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    run(0);
  }

  /**
   * Has it run for some time.
   *
   * @return milliseconds of each run
   */
  double[] run(int milliseconds) throws IOException {
    String[] texts = answer(Integer.toString(milliseconds), TIMES).split(" ");
    return Arrays.stream(texts).mapToDouble(text -> Long.parseLong(text) / 1e6).toArray();
  }

  private String answer(String order, String prefix) throws IOException {
    orders.write(order + "\n");
    orders.flush();
    for (String line = answers.readLine(); line != null; line = answers.readLine()) {
      // libraries print to stdout, too
      if (line.startsWith(prefix)) {
        return line.substring(prefix.length());
      }
    }
    throw new IOException("the engine's process has ended");
  }

  /**
   * Asks for the most that the engine's processors can do.
   *
   * @return operations a second, 0 if the engine does not know
   */
  double peak() throws IOException {
    return Double.parseDouble(answer("peak", PEAK));
  }

  @Override
  public void close() {
    process.destroy();
  }

  /**
   * {@code ENGINE SHAPE THREADS}; then answers every line on stdin: milliseconds with the times of
   * runs, "peak" with the processors' peak.
   */
  public static void main(String[] arguments) throws IOException {
    LstmShape shape = LstmShape.parse(arguments[1]);
    try (Engine engine = Engine.open(arguments[0], shape, Integer.parseInt(arguments[2]));
        BufferedReader orders =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      engine.run();
      Outputs.check(shape, engine.y(), Engine.precision(arguments[0]));
      for (String line = orders.readLine(); line != null; line = orders.readLine()) {
        System.out.println(
            line.equals("peak")
                ? PEAK + engine.peak()
                : TIMES + times(engine, Long.parseLong(line) * 1_000_000));
        System.out.flush();
      }
    }
  }

  private static String times(Engine engine, long nanoseconds) {
    List<String> times = new ArrayList<>();
    long end = System.nanoTime() + nanoseconds;
    do {
      long begin = System.nanoTime();
      engine.run();
      times.add(Long.toString(System.nanoTime() - begin));
    } while (System.nanoTime() < end);
    return String.join(" ", times);
  }
}
